import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { installSkills } from "../../src/app/installSkills";
import { newId } from "../../src/app/newId";
import type { RunEvent } from "../../src/model/events";
import { brokenLaws, expertsToml, type JobBench, openJobBench, type RecordedRun } from "../support/jobs";
import type { ModelTurn } from "../support/modelServer";
import { waitUntilGone } from "../support/processes";
import { projectRoot } from "../support/projectPaths";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const usage = { inputTokens: 100, outputTokens: 10 };
const canary = "canary-of-the-skill-0123456789";
const server = join(projectRoot, "test", "support", "mcpServer.mjs");

function tomlOf(args: string[], command = process.execPath): string {
  const list = [server, ...args].map((each) => JSON.stringify(each)).join(", ");
  return expertsToml({
    coordinator: `[experts.coordinator.skills.stub]
type = "mcpStdioSkill"
command = ${JSON.stringify(command)}
args = [${list}]
requiredEnv = ["STUB_TOKEN"]
`,
  });
}

const calls = (name: string, args: object = {}): ModelTurn => ({ toolCalls: [{ name, args }], usage });

async function play(toml: string, turns: ModelTurn[]): Promise<RecordedRun & { bench: JobBench }> {
  bench = await openJobBench(
    toml,
    { coordinator: turns },
    { app: { env: { STUB_TOKEN: canary, PATH: process.env.PATH } } },
  );
  return await playAgain(bench);
}

async function playAgain(bench: JobBench): Promise<RecordedRun & { bench: JobBench }> {
  const { jobId } = await bench.start();
  const [recorded] = await bench.readJob(jobId);
  if (!recorded) throw new Error("There is no run");
  expect(brokenLaws(recorded, bench.heard)).toEqual([]);
  return { ...recorded, bench };
}

/** What the tool `pids` told of the server's processes. */
function pidsOf(events: readonly RunEvent[]): number[] {
  const told = events.find((event) => event.type === "finishToolCall" && event.tool === "pids");
  return (JSON.stringify(told?.type === "finishToolCall" ? told.result : "").match(/\d{2,}/gu) ?? []).map(Number);
}

const typesOf = ({ events }: RecordedRun) => events.map(({ type }) => type);

describe("an expert with an MCP skill", () => {
  it("has its tools beside its own, from before the first step until the end, and the server ends with the run", async () => {
    const { run, events, bench } = await play(tomlOf([]), [
      calls("echo", { text: "over the wire" }),
      calls("pids"),
      { text: "Heard", usage },
    ]);
    expect(run).toMatchObject({ status: "finished", text: "Heard", failures: [] });
    const types = events.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(["startRun", "connectSkill"]);
    expect(types.slice(-2)).toEqual(["disconnectSkill", "finishRun"]);
    expect(run.preparation.map(({ event }) => event.type)).toContain("connectSkill");
    expect(JSON.stringify(bench.server.requests[0]?.body.tools)).toContain('"readTextFile"');
    expect(JSON.stringify(bench.server.requests[1]?.body)).toContain("over the wire");
    expect(pidsOf(events).length).toBeGreaterThan(0);
    await waitUntilGone(pidsOf(events));
  });

  it("gives it the variables it needs, and neither the model nor a file ever learns them", async () => {
    const { events, bench } = await play(tomlOf([]), [calls("env"), { text: "Seen", usage }]);
    const told = JSON.stringify(events.find(({ type }) => type === "finishToolCall"));
    expect(told).toContain("STUB_TOKEN");
    expect(told).not.toContain("ANTHROPIC");
    for (const text of [JSON.stringify(events), JSON.stringify(bench.server.requests.map(({ body }) => body))]) {
      expect(text).not.toContain(canary);
    }
  });

  it("cannot run without it: the run says which skill, why, and is failed", async () => {
    const { run, bench } = await play(tomlOf([], "no-such-program-here"), [{ text: "Never asked", usage }]);
    expect(run).toMatchObject({ status: "failed", error: { class: "skill_unavailable" } });
    expect(run.error?.message).toContain("stub");
    expect(bench.server.requests).toEqual([]);
  });

  it("hears of a server that dies in the middle of a call, and goes on", async () => {
    const { run, bench } = await play(tomlOf([]), [calls("crash"), { text: "I saw it die", usage }]);
    expect(run).toMatchObject({ status: "finished", text: "I saw it die" });
    expect(run.failures).toMatchObject([{ toolCallId: expect.any(String) }]);
    expect(JSON.stringify(bench.server.requests[1]?.body)).toMatch(/ended|died|closed/);
  });

  it("starts without waiting for the server once the lock file knows its tools, and says when that is out of date", async () => {
    const toml = tomlOf([]);
    bench = await openJobBench(
      toml,
      { coordinator: (_, turn) => (turn % 2 === 0 ? calls("echo", { text: "lazily" }) : { text: "Done", usage }) },
      { app: { env: { STUB_TOKEN: canary, PATH: process.env.PATH } } },
    );
    const definitionPath = join(bench.root, "perstack.toml");
    const env = { STUB_TOKEN: canary, PATH: process.env.PATH };
    const request = { definitionPath, env, newId, signal: new AbortController().signal, onReport: () => undefined };
    await installSkills(request as Parameters<typeof installSkills>[0]);
    const lazy = typesOf(await playAgain(bench));
    expect(lazy.indexOf("connectSkill")).toBeGreaterThan(lazy.indexOf("startToolCall"));
    await writeFile(definitionPath, tomlOf(["--other=1"]));
    const stale = await playAgain(bench);
    expect(typesOf(stale).indexOf("connectSkill")).toBeLessThan(typesOf(stale).indexOf("startGeneration"));
    const notes = stale.events.flatMap((event) => (event.type === "logSkill" ? [event.line] : []));
    expect(notes.some((line) => line.includes("perstack.lock is out of date"))).toBe(true);
  });

  it("is cancelled in the middle of a call, and the server ends", async () => {
    bench = await openJobBench(
      tomlOf([]),
      { coordinator: [calls("pids"), calls("hang")] },
      { app: { env: { STUB_TOKEN: canary, PATH: process.env.PATH } } },
    );
    const { app } = bench;
    app.onEvents((events) => {
      if (events.some((event) => event.type === "startToolCall" && event.tool === "hang")) app.active[0]?.cancel();
    });
    const { run, events } = await playAgain(bench);
    expect(run).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    await waitUntilGone(pidsOf(events));
  });
});
