import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endsRun } from "../../src/model/eventKinds";
import type { RunEvent } from "../../src/model/events";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { recoverRuns } from "../../src/store/recovery";
import { listRunFolders } from "../../src/store/runFolders";
import { makeWorkspace, soloToml } from "../support/experts";
import { projectRoot } from "../support/projectPaths";

const kills = 100;
const atOnce = 4;
const steps = 60;

/** A recording of many small steps: each reads the same file. */
function recording(): string {
  const envelope = { timestamp: 1, jobId: "j", runId: "r", expertKey: "solo" };
  const lines: object[] = [];
  const add = (step: number, event: object) => {
    const seq = lines.length + 1;
    lines.push({ id: `e${seq}`, ...envelope, seq, step, ...event });
  };
  const limits = { maxSteps: 100, maxRetries: 0, timeoutMs: 1_000 };
  const start = { query: "Do it", instruction: "i", limits, requestId: "q", runtimeVersion: "0", tools: [] };
  add(0, { type: "startRun", ...start });
  for (let step = 1; step <= steps; step += 1) {
    const call = { id: `call-${step}`, skill: "@perstack/base", tool: "readTextFile", args: { path: "a.txt" } };
    const usage = { inputTokens: 1, outputTokens: 1, totalTokens: 2 };
    const done = { attempt: 1, usage, finishReason: "toolCalls", text: `Step ${step}`, durationMs: 1 };
    add(step, { type: "finishGeneration", ...done, toolCalls: [call] });
    const text = JSON.stringify({ path: "a.txt", content: "hello\n", from: 0, to: 2 });
    const result = [{ type: "textPart", text }];
    const finish = { toolCallId: call.id, skill: call.skill, tool: call.tool, isError: false, result, durationMs: 1 };
    add(step, { type: "finishToolCall", ...finish });
  }
  add(steps + 1, {
    type: "finishGeneration",
    attempt: 1,
    finishReason: "stop",
    text: "End",
    toolCalls: [],
    durationMs: 1,
  });
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Runs the expert in a process of its own and kills that once it has printed `killAfter` lines. */
async function runAndKill(root: string, jobId: string, killAfter: number): Promise<RunEvent[]> {
  const cli = join(projectRoot, "dist", "cli.js");
  const args = [cli, "run", "solo", "Do it", "--job-id", jobId, "--approve", "all"];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  let heard = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    heard += chunk;
    if (heard.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  return heard
    .split("\n")
    .slice(0, -1)
    .map((line): RunEvent => JSON.parse(line));
}

describe("a run that is killed", () => {
  it("has lost no event that someone heard of, and is closed at the next start", async () => {
    const toml = soloToml('model = "recording.jsonl"\n[provider]\nproviderName = "replay"');
    const root = await makeWorkspace({ "perstack.toml": toml, "a.txt": "hello\n" });
    await mkdir(join(root, "perstack"));
    await writeFile(join(root, "recording.jsonl"), recording());
    const moments = fc.sample(fc.integer({ min: 1, max: steps * 5 }), kills).entries();
    let heardCount = 0;
    const worker = async () => {
      for (const [index, killAfter] of moments) {
        const jobId = `job-${index}`;
        const heard = await runAndKill(root, jobId, killAfter);
        const [place] = (await listRunFolders(root)).filter((each) => each.jobId === jobId);
        const { events } = await readJournal(layout.journal(place?.dir ?? ""));
        expect(events.slice(0, heard.length)).toEqual(heard);
        heardCount += heard.length;
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(heardCount).toBeGreaterThan(kills);
    const fail = (error: unknown) => {
      throw error;
    };
    await recoverRuns(root, { now: () => Date.now(), newId: () => `id${Math.random()}` }, fail);
    for (const { dir } of await listRunFolders(root)) {
      const { events, problems } = await readJournal(layout.journal(dir));
      expect(problems).toEqual([]);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(events.filter(endsRun)).toEqual([events.at(-1)]);
    }
  }, 180_000);
});
