import { mkdir, mkdtemp, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { createTestIo, failingOutput } from "./testIo";

let root = "";

const usage = { inputTokens: 1000, outputTokens: 234, totalTokens: 1234 };

interface Fields {
  type: string;
  step: number;
  [key: string]: unknown;
}

async function writeRun(jobId: string, runId: string, startedAt: number, list: Fields[], tail = ""): Promise<void> {
  const dir = join(root, "perstack", "jobs", jobId, "runs", runId);
  await mkdir(dir, { recursive: true });
  const envelope = { jobId, runId, expertKey: "demo" };
  const events = list.map((fields, index) => ({
    id: `${runId}-${index}`,
    timestamp: startedAt + index * 100,
    seq: index + 1,
    ...envelope,
    ...fields,
  }));
  await writeFile(join(dir, "events.jsonl"), `${events.map((event) => JSON.stringify(event)).join("\n")}\n${tail}`);
}

const start = (query: string): Fields => ({
  type: "startRun",
  step: 0,
  query,
  instruction: "Do it.",
  provider: "replay",
  limits: { maxSteps: 100, maxRetries: 5, timeoutMs: 1000 },
  requestId: "r",
  runtimeVersion: "1",
  tools: ["exec"],
});
const call = { toolCallId: "c1", skill: "@perstack/base", tool: "exec" };
const steps: Fields[] = [
  { type: "startGeneration", step: 1, attempt: 1, messageCount: 2 },
  {
    type: "finishGeneration",
    step: 1,
    attempt: 1,
    finishReason: "toolCalls",
    text: "I run the tests.",
    toolCalls: [{ id: "c1", skill: "", tool: "exec", args: {} }],
    usage,
    durationMs: 2000,
  },
  { type: "startToolCall", step: 1, ...call, args: { command: "npm", args: ["test"] } },
  {
    type: "finishToolCall",
    step: 1,
    ...call,
    isError: true,
    errorClass: "tool_error",
    result: [{ type: "textPart", text: '{"error":"Error","message":"exit code 1"}' }],
    durationMs: 850,
  },
  { type: "finishStep", step: 1, usage, durationMs: 400 },
  { type: "startGeneration", step: 2, attempt: 1, messageCount: 4 },
];
const totals = { totalUsage: usage, durationMs: 700 };
const failed: Fields = {
  type: "errorRun",
  step: 2,
  error: { name: "E", message: "invalid x-api-key", class: "provider_auth", statusCode: 401, isRetryable: false },
  ...totals,
};

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-log-")));
  const day = Date.UTC(2026, 1, 3);
  await writeRun("job-old", "run-first", day, [
    start("Old\nquery"),
    { type: "finishRun", step: 1, text: "Yes.", ...totals },
  ]);
  await writeRun("job-new", "run-parent", day + 10_000, [start("Fix it"), ...steps, failed]);
  await writeRun("job-new", "run-crashed", day + 20_000, [start("Crash"), ...steps], '{"torn');
});

async function log(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo({ cwd: root });
  const code = await runCli(["log", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

function parseLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("runtrail log", () => {
  it("lists all runs, newest first", async () => {
    const { code, out } = await log();
    expect(code).toBe(0);
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/\d{4}-\S+ \S+/u, "<time>").split(/ {2,}/u));
    expect(rows).toEqual([
      ["STATUS", "STARTED", "TOOK", "STEPS", "TOKENS", "COST", "JOB", "RUN", "EXPERT", "QUERY"],
      ["? interrupted", "<time>", "2", "1.2k", "job-new", "run-cras", "demo", "Crash"],
      ["✗ failed", "<time>", "700 ms", "2", "1.2k", "job-new", "run-pare", "demo", "Fix it"],
      ["✓ finished", "<time>", "100 ms", "0", "1.2k", "job-old", "run-firs", "demo", "Old query"],
    ]);
  });

  it("lists as many as one takes and says how many it left out", async () => {
    const { out, err } = await log("--take", "1");
    expect(out.trimEnd().split("\n")).toHaveLength(2);
    expect(err).toBe("2 older runs are left out; --take 0 shows all.\n");
  });

  it("prints a run, found by the beginning of its id", async () => {
    const { code, out } = await log("--run", "run-p");
    expect(code).toBe(0);
    expect(out).toMatch(/^demo · failed\nQuery +Fix it\n/u);
    expect(out).toContain("\nStep 1 · ~ recovered · 400 ms · 1.2k tokens\n");
    expect(out).toContain("\n  ✗ fatal: invalid x-api-key (provider_auth, 401)\n");
  });

  it("prints the runs of a job from its beginning", async () => {
    const { out } = await log("--job", "job-new");
    expect([...out.matchAll(/^Run +(\S+)$/gmu)].map(([, id]) => id)).toEqual(["run-parent", "run-crashed"]);
  });

  it.each([
    { args: ["--run", "run-x"], said: "There is no run “run-x” in" },
    { args: ["--run", "run-x"], said: "newest first: run-crashed, run-parent, run-first." },
    { args: ["--run", "run-"], said: "“run-” fits more than one run: run-crashed, run-parent, run-first." },
    { args: ["--job", "nope"], said: "There are, newest first: job-new, job-old." },
    { args: ["--job", ""], said: "There is no job “”" },
    { args: ["--job", "job-old", "--run", "run-parent"], said: "There is no run “run-parent”" },
    { args: ["--workspace", "/no/such/folder"], said: "There is no folder /no/such/folder." },
  ])("refuses $args and says what there is", async ({ args, said }) => {
    const { code, out, err } = await log(...args);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(said);
  });

  it("shows what failed with both ends of the call", async () => {
    const { out } = await log("--run", "run-parent", "--errors");
    expect(out.split("\n").filter((line) => /^ {2}\S/u.test(line))).toEqual([
      "  ~ exec npm test · failed, recovered · 850 ms",
      "  ✗ fatal: invalid x-api-key (provider_auth, 401)",
    ]);
    expect(out).not.toContain("I run the tests.");
  });

  it("shows tool calls, one step, one type, and events around", async () => {
    expect((await log("--run", "run-parent", "--tools")).out).toContain("exec npm test");
    expect((await log("--run", "run-parent", "--step", "2")).out).not.toContain("Step 1");
    const typed = await log("--run", "run-parent", "--type", "errorRun", "--json", "--context", "1");
    const types = typed.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual(["startGeneration", "errorRun"]);
    const none = await log("--run", "run-first", "--tools");
    expect([none.code, none.err]).toEqual([0, "No event of this run fits.\n"]);
  });

  it("filters the newest run where none is named", async () => {
    expect((await log("--errors")).out).toContain("exec npm test · failed, recovered");
    expect((await log("--errors")).out).not.toContain("invalid x-api-key");
  });

  it("prints a run's events as they are recorded with --json", async () => {
    const { out } = await log("--run", "run-parent", "--json");
    const dir = join(root, "perstack/jobs/job-new/runs/run-parent");
    const recorded = await readFile(join(dir, "events.jsonl"), "utf8");
    expect(parseLines(out)).toEqual(parseLines(recorded));
  });

  it("prints the summary that scripts rely on", async () => {
    const { out } = await log("--summary", "--json", "--job", "job-new");
    expect(JSON.parse(out)).toEqual({
      source: "runtrail",
      runs: [
        {
          id: "run-crashed",
          title: "demo: Crash",
          status: "unknown",
          steps: 2,
          toolCalls: 1,
          failures: [{ step: 1, grade: "recovered", class: "tool_error", reason: "exec: exit code 1" }],
          usage,
          startedAt: expect.any(Number),
        },
        {
          id: "run-parent",
          title: "demo: Fix it",
          status: "failed",
          steps: 2,
          toolCalls: 1,
          failures: [
            { step: 1, grade: "recovered", class: "tool_error", reason: "exec: exit code 1" },
            { step: 2, grade: "fatal", class: "provider_auth", reason: "invalid x-api-key" },
          ],
          usage,
          startedAt: expect.any(Number),
          finishedAt: expect.any(Number),
        },
      ],
      problems: [{ file: expect.stringContaining("events.jsonl"), line: 8, reason: expect.any(String) }],
    });
  });

  it("prints the summary for a person", async () => {
    const { out } = await log("--summary", "--run", "run-parent");
    expect(out).toBe(
      "demo: Fix it · failed · 2 steps · 1 tool call · 1.2k tokens · run run-parent\n" +
        "  ~ recovered at step 1 (tool_error): exec: exit code 1\n" +
        "  ✗ fatal at step 2 (provider_auth): invalid x-api-key\n",
    );
  });

  it("finds the workspace from a folder below", async () => {
    const below = join(root, "src", "deep");
    await mkdir(below, { recursive: true });
    const io = createTestIo({ cwd: below });
    await runCli(["log"], io);
    expect(io.out()).toContain("job-old");
  });

  it("says how to begin where nothing was ever run", async () => {
    const io = createTestIo({ cwd: await mkdtemp(join(tmpdir(), "runtrail-empty-")) });
    expect(await runCli(["log"], io)).toBe(0);
    expect(io.out()).toBe("");
    expect(io.err()).toContain("There are no runs in");
  });

  it("changes nothing on disk", async () => {
    const journal = join(root, "perstack/jobs/job-new/runs/run-crashed/events.jsonl");
    const before = [
      await readFile(journal, "utf8"),
      (await stat(journal)).mtimeMs,
      await readdir(root, { recursive: true }),
    ];
    await log("--run", "run-crashed");
    await log("--summary");
    expect([
      await readFile(journal, "utf8"),
      (await stat(journal)).mtimeMs,
      await readdir(root, { recursive: true }),
    ]).toEqual(before);
  });

  it("ends quietly when its reader leaves", async () => {
    const io = createTestIo({ cwd: root, stdout: failingOutput(1, "EPIPE") });
    expect(await runCli(["log", "--run", "run-parent"], io)).toBe(0);
    expect(io.err()).toBe("");
  });
});
