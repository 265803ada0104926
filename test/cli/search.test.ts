/** `runtrail search`: which events it finds, how it prints them, and how it ends; for runs of every system. */
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { RunnerLog } from "../formats/runnerLog";
import { writeLargeLog } from "../support/largeLog";
import { createTestIo, failingOutput } from "./testIo";

let root = "";
const day = Date.UTC(2026, 1, 3);

interface Fields {
  type: string;
  step?: number;
  [key: string]: unknown;
}

async function writeRun(jobId: string, runId: string, startedAt: number, list: Fields[], tail = ""): Promise<void> {
  const dir = join(root, "perstack", "jobs", jobId, "runs", runId);
  await mkdir(dir, { recursive: true });
  const lines = list.map((fields, index) => {
    const envelope = { id: `${runId}-${index}`, timestamp: startedAt + index * 1000, jobId, runId, seq: index + 1 };
    return `${JSON.stringify({ ...envelope, expertKey: "demo", step: 1, ...fields })}\n`;
  });
  await writeFile(join(dir, "events.jsonl"), `${lines.join("")}${tail}`);
}

const call = { toolCallId: "c1", skill: "@perstack/base", tool: "exec" };

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-search-cli-")));
  await writeRun("job-old", "run-first", day, [
    { type: "startRun", step: 0, query: "Find the needle" },
    {
      type: "finishGeneration",
      attempt: 1,
      finishReason: "stop",
      toolCalls: [],
      text: "No.",
      cost: 0.02,
      durationMs: 2500,
    },
    { type: "finishRun", text: "There was none." },
  ]);
  await writeRun(
    "job-new",
    "run-second",
    day + 60_000,
    [
      { type: "startRun", step: 0, query: "Test it" },
      { type: "startToolCall", ...call, args: { command: "npm", args: ["test"] } },
      {
        ...{ type: "finishToolCall", ...call, isError: true, durationMs: 850 },
        result: [{ type: "textPart", text: `${"line\n".repeat(60)}a Needle in it\n${"line\n".repeat(60)}` }],
      },
      { type: "failGate", step: 2, gate: "coverage", measured: 0.4, threshold: 0.5 },
    ],
    '{"torn needle',
  );
});

async function search(...args: string[]) {
  const io = createTestIo({ cwd: root });
  const code = await runCli(["search", ...args], io);
  return { code, out: io.out(), err: io.err() };
}

const linesOf = (text: string) => text.split("\n").slice(0, -1);
const seqsOf = (out: string) =>
  linesOf(out).map((line) => {
    const { runId, seq } = JSON.parse(line);
    return `${runId} ${seq}`;
  });

describe("runtrail search", () => {
  it("prints the events that say it, the newest run and event first, with the words where they were found", async () => {
    const { code, out, err } = await search("needle");
    expect([code, err]).toEqual([0, ""]);
    expect(linesOf(out).map((line) => line.replace(/^2026-\d\d-\d\d \d\d:\d\d:\d\d/u, "<time>"))).toEqual([
      expect.stringMatching(
        /^<time> {2}run-seco {2}step 1 {2}finishToolCall {2}exec failed: line .*… · “….* line a Needle in it line .*…”$/u,
      ),
      "<time>  run-firs  step 0  startRun  started “Find the needle”",
    ]);
  });

  it.each<[string[], string[]]>([
    [["--type", "failGate"], ["run-second 4"]],
    [["type:failGate,finishRun"], ["run-second 4", "run-first 3"]],
    [["--failed"], ["run-second 4", "run-second 3"]],
    [
      ["--failed", "--reverse"],
      ["run-second 3", "run-second 4"],
    ],
    [["--status", "blocked"], ["run-second 4"]],
    [
      ["--tool", "exec"],
      ["run-second 3", "run-second 2"],
    ],
    [["--tool", "exec", "npm test"], []],
    [["--tool", "exec", "npm", "test"], ["run-second 2"]],
    [
      ["--expert", "demo", "it"],
      ["run-second 3", "run-second 1"],
    ],
    [["Needle"], ["run-second 3"]],
    [["NEEDLE"], []],
    [
      ["NEEDLE", "-i"],
      ["run-second 3", "run-first 1"],
    ],
    [["needle", "-s"], ["run-first 1"]],
    [["--min-cost", "0.01"], ["run-first 2"]],
    [["--min-duration", "1s"], ["run-first 2"]],
    [["--max-duration", "1s"], ["run-second 3"]],
    [["--step", "2", "--step", "9"], ["run-second 4"]],
    [
      ["--after", new Date(day + 62_000).toISOString()],
      ["run-second 4", "run-second 3"],
    ],
    [["--before", new Date(day + 1000).toISOString()], ["run-first 1"]],
    [
      ["--run", "run-f", "e"],
      ["run-first 3", "run-first 1"],
    ],
    [["--job", "job-n", "exec", "--limit", "1"], ["run-second 3"]],
    [["needle", "--limit", "1"], ["run-second 3"]],
    [["needle", "--reverse", "--limit", "1"], ["run-first 1"]],
  ])("%j", async (args, expected) => {
    const { code, out } = await search(...args, "--json");
    expect(seqsOf(out)).toEqual(expected);
    expect(code).toBe(expected.length > 0 ? 0 : 1);
  });

  it("prints each event as it is recorded with --json", async () => {
    const { out } = await search("--type", "failGate", "--json");
    const recorded = await readFile(join(root, "perstack/jobs/job-new/runs/run-second/events.jsonl"), "utf8");
    expect(`${out}`).toBe(recorded.slice(recorded.indexOf('{"id":"run-second-3"'), recorded.indexOf('{"torn')));
  });

  it("says how many there are", async () => {
    expect(await search("needle", "--count")).toEqual({ code: 0, out: "2\n", err: "" });
    expect(await search("nothing of the kind", "--count")).toEqual({ code: 1, out: "0\n", err: "" });
  });

  it("says where nothing is found, and where there are no runs", async () => {
    expect(await search("haystack")).toEqual({ code: 1, out: "", err: "No event fits.\n" });
    const io = createTestIo({ cwd: await mkdtemp(join(tmpdir(), "runtrail-empty-")) });
    expect(await runCli(["search", "x"], io)).toBe(1);
    expect(io.err()).toContain("There are no runs in");
  });

  it.each([
    { args: [], said: "Say what to look for" },
    { args: ["--type", "failgate"], said: "There is no event type “failgate”. Did you mean “failGate”?" },
    { args: ["tpye:failGate"], said: "did you mean “type:”?" },
    { args: ["--after", "soon"], said: "“soon” is no time." },
    { args: ["--min-cost", "cheap"], said: "It must begin with a number." },
    { args: ["--min-duration", "3 moons"], said: "is no duration." },
    { args: ["--step", "one"], said: "“one” is no step." },
    { args: ["--status", "bad"], said: "“bad” is no status." },
    { args: ["x", "--run", "nope"], said: "There is no run “nope”" },
    { args: ["x", "--in", "nowhere"], said: "There is no file or folder" },
    { args: ["x", "--json", "--count"], said: "cannot be used with" },
  ])("refuses $args and says what to write", async ({ args, said }) => {
    const { code, out, err } = await search(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain(said);
  });

  it("searches what lies at a path, whoever wrote it", async () => {
    const path = await mkdtemp(join(tmpdir(), "runtrail-search-path-"));
    const log = new RunnerLog("theirs").begin().start("build").fail("build", "unknown", "No Needle there");
    await mkdir(join(path, "one"));
    await writeFile(join(path, "one", "events.jsonl"), log.end("failed", "Gave up").text());
    await cp(join(root, "perstack/jobs/job-old/runs/run-first/events.jsonl"), join(path, "saved.jsonl"));
    for (const option of ["--in", "--run"]) {
      const theirs = await search("needle", option, join(path, "one"), "--json");
      expect(linesOf(theirs.out).map((line) => JSON.parse(line).type)).toContain("failNode");
    }
    expect(seqsOf((await search("needle", "--in", join(path, "saved.jsonl"), "--json")).out)).toEqual(["run-first 1"]);
    await cp(join(root, "perstack/jobs/job-old/runs/run-first"), join(path, "two"), { recursive: true });
    const both = await search("needle", "--in", path, "--json");
    expect(new Set(seqsOf(both.out).map((line) => line.split(" ")[0]))).toEqual(new Set(["theirs", "run-first"]));
    expect(both.code).toBe(0);
  });

  it("prints while it searches, and ends at once when it is cancelled or its reader leaves", async () => {
    const large = await mkdtemp(join(tmpdir(), "runtrail-search-large-"));
    writeLargeLog(join(large, "saved.jsonl"), { events: 30_000 });
    const args = ["search", "readTextFile", "--in", join(large, "saved.jsonl")];
    const cancelled = createTestIo({ cwd: root });
    cancelled.stdout.once("data", () => cancelled.signal("SIGINT"));
    await runCli(args, cancelled);
    expect(cancelled.exits).toEqual([130]);
    const whole = createTestIo({ cwd: root });
    await runCli(args, whole);
    expect(linesOf(whole.out()).length).toBeGreaterThan(5_000);
    expect(linesOf(cancelled.out()).length).toBeLessThan(2_000);
    const stdout = failingOutput(3, "EPIPE");
    const left = createTestIo({ cwd: root, stdout });
    expect(await runCli(args, left)).toBe(0);
    expect([stdout.taken.length, left.err()]).toEqual([3, ""]);
  });

  it("changes nothing on disk", async () => {
    const before = await readdir(root, { recursive: true });
    await search("needle");
    expect(await readdir(root, { recursive: true })).toEqual(before);
  });

  it("is in the help and the documentation", async () => {
    const io = createTestIo({ cwd: root });
    await runCli(["--help"], io);
    expect(io.out()).toContain("search");
    const docs = await readFile(join(import.meta.dirname, "../../docs/cli.md"), "utf8");
    const help = createTestIo({ cwd: root });
    await runCli(["search", "--help"], help);
    const options = [...help.out().matchAll(/(?<= )--[a-z-]+/gu)].map(([option]) => option);
    expect(options.length).toBeGreaterThan(20);
    expect(docs).toContain("`search [words]`");
  });
});
