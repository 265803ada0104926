/** The contract of every format in the list: it reads, never writes, and never throws for bad data. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FormatName } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import {
  ClaudeRecords,
  claudeSession,
  codexMessage,
  codexMeta,
  codexSession,
  geminiHeading,
  geminiMessage,
  jsonLines,
} from "../support/agentSessions";
import { agentSpans, otlp } from "../support/otlp";
import { PerstackJob } from "../support/perstackJob";
import { checkLaws } from "./foreignRunLaws";
import { RunnerLog } from "./runnerLog";

const writers: Partial<Record<FormatName, (root: string) => Promise<string[]>>> = {
  async perstack(root) {
    const job = new PerstackJob("sample");
    const run = job.run("solo", { query: "Do it" });
    run.results(run.calls("I look.", { tool: "listDirectory", args: { path: "." } }), '{"items":[]}');
    run.complete("Done.");
    await writeFile(join(root, "stdout.jsonl"), job.lines());
    return [root, await job.write(root), join(root, "perstack", "jobs"), join(root, "stdout.jsonl")];
  },
  async conductor(root) {
    const task = join(root, "app", "task-20260301-100000-hello");
    const run = join(task, "runs", "20260301-1000000000-4711-1");
    await mkdir(run, { recursive: true });
    await writeFile(join(task, "TASK.md"), "Say hello\n");
    await writeFile(join(run, "run-info.yaml"), "agent: claude\nexit_code: 0\nstatus: completed\n");
    await writeFile(join(run, "output.md"), "Hello\n");
    return [root, join(root, "app"), task, join(task, "runs"), run];
  },
  async runner(root) {
    const log = new RunnerLog().begin("Manual trigger").start("compile").succeed("compile");
    await mkdir(join(root, "run_1"));
    await writeFile(join(root, "run_1", "events.jsonl"), log.end("succeeded", "All steps succeeded").text());
    return [root, join(root, "run_1"), join(root, "run_1", "events.jsonl")];
  },
  async openexpertise(root) {
    const experience = join(root, "hello");
    const runs = join(experience, ".openexpertise", "runs");
    await mkdir(runs, { recursive: true });
    const head = { run_id: "r", ts: "2026-11-22T08:00:00.000Z" };
    const node = (type: string) => ({ type, run_id: "r", node_id: "greet", ts: head.ts });
    const records = [
      { type: "run.started", ...head, args: {} },
      ...[node("node.ready"), node("node.started"), node("node.finished")],
      { type: "run.finished", ...head, status: "success" },
    ];
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
    await writeFile(join(runs, "r.jsonl"), text);
    await writeFile(join(root, "copy.jsonl"), text);
    return [
      root,
      experience,
      join(experience, ".openexpertise"),
      runs,
      join(runs, "r.jsonl"),
      join(root, "copy.jsonl"),
    ];
  },
  async otel(root) {
    await writeFile(join(root, "traces.jsonl"), `${JSON.stringify(otlp(agentSpans))}\n`);
    return [root, join(root, "traces.jsonl")];
  },
  async claudeCode(root) {
    const records = new ClaudeRecords();
    const text = jsonLines(records.user(1, "Do it"), records.say(2, "m", "Done."));
    return await writeSessions(root, ".claude/projects/-home-dev-shop", `${claudeSession}.jsonl`, text);
  },
  async codex(root) {
    const text = jsonLines(codexMeta(), codexMessage(1, "user", "Do it"), codexMessage(2, "assistant", "Done."));
    return await writeSessions(root, ".codex/sessions/2026/03/01", `rollout-${codexSession}.jsonl`, text);
  },
  async gemini(root) {
    const messages = [geminiMessage(1, "u", "user", "Do it"), geminiMessage(2, "g", "gemini", "Done.")];
    const text = JSON.stringify({ ...geminiHeading(), messages });
    return await writeSessions(root, ".gemini/tmp/0123/chats", "session-1.json", text);
  },
};

async function writeSessions(root: string, folder: string, name: string, text: string): Promise<string[]> {
  await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, folder, name), text);
  return [root, join(root, folder.split("/", 1)[0] ?? ""), join(root, folder), join(root, folder, name)];
}

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-formats-")));
}

async function stateOf(root: string): Promise<string> {
  const names = (await readdir(root, { recursive: true })).sort();
  const parts = await Promise.all(
    names.map(async (name) => {
      const stats = await stat(join(root, name));
      return [name, stats.mtimeMs, stats.isFile() ? await readFile(join(root, name), "base64") : ""].join("|");
    }),
  );
  return createHash("sha256").update(parts.join("\n")).digest("hex");
}

describe.each(formats.map((format) => [format.name, format] as const))("the format %s", (name, format) => {
  it("accepts what it can read and leaves it as it was", async () => {
    const root = await emptyFolder();
    const paths = (await writers[name]?.(root)) ?? [];
    const before = await stateOf(root);
    for (const path of paths) {
      expect(await format.accepts(path)).toBe(true);
      const { source, runs, problems } = await format.read(path);
      expect([source, problems, runs.length > 0]).toEqual([path, [], true]);
      checkLaws(runs);
    }
    expect(await stateOf(root)).toBe(before);
  });

  it("does not accept what is not there, empty, of no system or ours", async () => {
    const root = await emptyFolder();
    await writeFile(join(root, "empty.jsonl"), "");
    await writeFile(join(root, "text.jsonl"), "hello\n");
    await writeFile(join(root, "other.jsonl"), `${JSON.stringify({ type: "node.completed", runId: "r" })}\n`);
    await mkdir(join(root, "perstack", "jobs", "j", "runs", "r"), { recursive: true });
    await writeFile(join(root, "perstack", "jobs", "j", "runs", "r", "events.jsonl"), "");
    for (const path of ["nothing", "empty.jsonl", "text.jsonl", "other.jsonl", ".", "perstack/jobs/j"]) {
      expect(await format.accepts(join(root, path)), path).toBe(false);
      expect((await format.read(join(root, path))).runs, path).toEqual([]);
    }
  });

  it("says what could not be read instead of throwing", async () => {
    const root = await emptyFolder();
    const { runs, problems } = await format.read(join(root, "nothing.jsonl"));
    expect([runs, problems.length]).toEqual([[], 1]);
  });

  it("stops where it is told to", async () => {
    const root = await emptyFolder();
    const [path = ""] = (await writers[name]?.(root)) ?? [];
    await expect(format.read(path, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  });

  it("has a name for people", () => {
    expect(format.label).not.toBe("");
    expect(existsSync(join(__dirname, "../../src/formats", name))).toBe(true);
  });
});
