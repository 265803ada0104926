/** Cut, broken and hostile files of Perstack: what is good is read, the rest is told, nothing throws. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { perstack } from "../../src/formats/perstack/perstack";
import { readPerstackCheckpoints } from "../../src/formats/perstack/readCheckpoints";
import { runOf } from "../../src/model/run";
import { PerstackJob } from "../support/perstackJob";
import { projectRoot } from "../support/projectPaths";
import { checkLaws, eventsIn } from "./foreignRunLaws";

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-damaged-")));
}

/** With a delegate, a question and an error in it. */
function richJob(): PerstackJob {
  const job = new PerstackJob("job1");
  const boss = job.run("boss", { query: "Do ‹it› ☂" });
  const [call] = boss.calls("Over.", { tool: "worker", skill: "worker", args: { query: "Work" } });
  if (!call) throw new Error("no call");
  boss.stop("Delegate", [call]);
  const worker = boss.delegate(call);
  worker.results(worker.calls("", { tool: "exec", args: { command: "ls" } }), '{"error":"exit 1"}');
  worker.complete("7");
  const result = [{ type: "textPart", id: "t", text: "7" }];
  const back = boss.return([{ id: call.id, skillName: "delegate/worker", toolName: "worker", result }], worker);
  const [question] = back.calls("", { tool: "askUser", skill: "user-input", args: { question: "Why?" } });
  if (!question) throw new Error("no call");
  back.stop("InteractiveTool", [question]);
  const reply = { id: question.id, skillName: "user-input", toolName: "askUser", result };
  const last = job.run("boss", { from: back.checkpoint, results: [reply] });
  last.generate();
  last.stopByError({ message: "no" });
  return job;
}

describe("a stream that was cut", () => {
  const sample = join(projectRoot, "..", "shared", "fixtures", "perstack", "delegate-single", "stdout.jsonl");

  async function streams(): Promise<[string, Buffer][]> {
    const list: [string, Buffer][] = [["made here", Buffer.from(richJob().lines())]];
    if (existsSync(sample)) list.push(["sample", await readFile(sample)]);
    return list;
  }

  it("loses its last record at the most, wherever the cut is", async () => {
    const path = join(await emptyFolder(), "stdout.jsonl");
    for (const [, whole] of await streams()) {
      const lineEnds = [...whole.keys()].filter((at) => whole[at] === 10);
      const around = lineEnds.flatMap((at) => [at, at + 1, at + 2]);
      const inside = Array.from({ length: 60 }, (_, index) => Math.floor((index * whole.length) / 60));
      for (const cut of [...new Set([...around, ...inside])].filter((at) => at <= whole.length)) {
        await writeFile(path, whole.subarray(0, cut));
        const { runs, problems } = await perstack.read(path);
        checkLaws(runs);
        const complete = lineEnds.filter((at) => at < cut).length;
        // A record that only lacks its line feed is whole.
        const isTorn = cut > 0 && whole[cut - 1] !== 10 && whole[cut] !== 10;
        expect(problems).toEqual(
          isTorn ? [{ file: path, line: complete + 1, reason: expect.stringContaining("torn") }] : [],
        );
      }
    }
  });

  it("tells the same as the whole one where only the last line feed is gone", async () => {
    const root = await emptyFolder();
    const path = join(root, "stdout.jsonl");
    const whole = richJob().lines();
    await writeFile(path, whole);
    const before = await perstack.read(path);
    await writeFile(path, whole.trimEnd());
    expect(await perstack.read(path)).toEqual(before);
  });
});

describe("broken files in a job", () => {
  it("are told one by one, and cost what they held alone", async () => {
    const root = await emptyFolder();
    const jobDir = await richJob().write(root);
    const before = await perstack.read(jobDir);
    const runId = before.runs[0]?.runId ?? "";
    const dir = join(jobDir, "runs", runId);
    const torn = join(dir, "event-1795000000001-1-streamRunResult.json");
    await writeFile(torn, '{"type":"streamRunResult"}a"}');
    await writeFile(
      join(dir, "event-1795000000002-1-callTools.json"),
      '{"type":"callTools","runId":"r","timestamp":1}',
    );
    await writeFile(join(dir, "notes.txt"), "not looked at");
    await symlink(jobDir, join(jobDir, "runs", "loop"));
    const after = await perstack.read(jobDir);
    expect(after.problems).toEqual([]);
    expect(after.runs.map(({ events }) => events)).toEqual(before.runs.map(({ events }) => events));
    expect(after.runs[0]?.problems).toEqual([
      { file: torn, line: 1, column: 27, reason: "Not JSON: half written, or written by two at once." },
      { file: join(dir, "event-1795000000002-1-callTools.json"), reason: expect.stringContaining("toolCalls") },
    ]);
  });

  it("may be any of them: the others are still read", async () => {
    const root = await emptyFolder();
    const whole = await richJob().write(root);
    const names = (await readdir(whole, { recursive: true })).filter((name) => name.endsWith(".json"));
    const copies = await emptyFolder();
    for (const [index, name] of names.entries()) {
      const jobDir = join(copies, "perstack", "jobs", `copy${index}`);
      await cp(whole, jobDir, { recursive: true });
      const text = await readFile(join(jobDir, name), "utf8");
      await writeFile(join(jobDir, name), text.slice(0, text.length / 2));
      const { runs, problems } = await perstack.read(jobDir);
      checkLaws(runs);
      expect(runs.length).toBeGreaterThan(1);
      const told = [...problems, ...runs.flatMap((run) => run.problems)].map(({ file }) => file);
      const { problems: ofCheckpoints } = await readPerstackCheckpoints(jobDir);
      expect([...told, ...ofCheckpoints.map(({ file }) => file)]).toContain(join(jobDir, name));
    }
  });

  it("do not lead out of the job: ids inside files name no folder", async () => {
    const root = await emptyFolder();
    const job = richJob();
    const folders = new Map(job.events.map((event) => [event, event.runId]));
    const jobDir = await job.write(root);
    for (const [event, runId] of folders) {
      const hostile = { ...event, jobId: "../../x", runId: "../../../etc" };
      const name = `event-${event.timestamp}-${event.stepNumber}-${event.type}.json`;
      await writeFile(join(jobDir, "runs", String(runId), name), JSON.stringify(hostile));
    }
    const { runs } = await perstack.read(jobDir);
    expect(runs.every(({ dir, jobId }) => dir.startsWith(join(jobDir, "runs")) && jobId === "job1")).toBe(true);
    expect(runs.every(({ dir }) => !dir.includes(".."))).toBe(true);
  });
});

describe("records with anything in them", () => {
  const value = fc.oneof(
    fc.constantFrom(null, "", "x", 0, -1, 1.5, true, [], {}, [null], { type: "textPart" }, "__proto__"),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const mutation = fc.record({ line: fc.nat(200), path: fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), value });

  it("are read as far as they can be, and never throw", async () => {
    const path = join(await emptyFolder(), "stdout.jsonl");
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 12 }), async (mutations) => {
        const { events } = richJob();
        for (const each of mutations) mutate(events[each.line % events.length], each.path, structuredClone(each.value));
        await writeFile(path, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
        const { runs } = await perstack.read(path);
        checkLaws(runs);
        for (const { events: told } of runs) runOf(told);
      }),
      { numRuns: 100 },
    );
  });

  it("make checkpoints that are read or refused, never thrown at", async () => {
    const root = await emptyFolder();
    const { checkpoints } = richJob();
    const folder = join(root, "checkpoints");
    await mkdir(folder);
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 6 }), async (mutations) => {
        const all = structuredClone(checkpoints.map(({ checkpoint }) => checkpoint));
        for (const each of mutations) mutate(all[each.line % all.length], each.path, structuredClone(each.value));
        for (const [index, each] of all.entries()) await writeFile(join(folder, `${index}.json`), JSON.stringify(each));
        const { runs } = await perstack.read(root);
        checkLaws(runs);
      }),
      { numRuns: 100 },
    );
  });
});

/** Puts `value` somewhere inside of `target`. */
function mutate(target: unknown, path: readonly number[], value: unknown): void {
  const [step = 0, ...rest] = path;
  if (typeof target !== "object" || target === null) return;
  const keys = Object.keys(target);
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return;
  const inside = (target as Record<string, unknown>)[key];
  if (rest.length === 0 || typeof inside !== "object" || inside === null) {
    (target as Record<string, unknown>)[key] = value;
  } else mutate(inside, rest, value);
}

describe("both vocabularies", () => {
  it("are understood: the names that Perstack's documentation gives its events", async () => {
    const path = join(await emptyFolder(), "execution.jsonl");
    const at = { runId: "abc123", jobId: "job", expertKey: "my-expert", stepNumber: 1 };
    const usage = { inputTokens: 9, outputTokens: 1, totalTokens: 10 };
    const lines = [
      { type: "startRun", timestamp: 1_234_567_890, ...at, query: "Hello" },
      { type: "startGeneration", timestamp: 1_234_567_891, ...at },
      { type: "startReasoning", timestamp: 1_234_567_891, ...at },
      { type: "completeReasoning", timestamp: 1_234_567_891, ...at, text: "Hm." },
      { type: "finishGeneration", timestamp: 1_234_567_892, ...at, usage, text: "Hi" },
      { type: "finishStep", timestamp: 1_234_567_893, ...at, usage },
      { type: "finishRun", timestamp: 1_234_567_894, ...at, text: "Hi", totalUsage: usage },
      { type: "startRun", timestamp: 1_234_567_900, ...at, runId: "def", query: "Again" },
      { type: "errorRun", timestamp: 1_234_567_901, ...at, runId: "def", error: "rate limit" },
      { type: "somethingNew", timestamp: 1_234_567_902, runId: "ghi", jobId: "job", detail: 1 },
    ];
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    expect(await perstack.accepts(path)).toBe(true);
    const { runs, problems } = await perstack.read(path);
    expect(problems).toEqual([]);
    checkLaws(runs);
    expect(runs.map(({ events }) => runOf(events))).toMatchObject([
      { runId: "abc123", status: "finished", query: "Hello", text: "Hi", usage, steps: [{ step: 1, usage }] },
      { runId: "def", status: "failed", error: { message: "rate limit", class: "provider_rate_limit" } },
      { runId: "ghi", status: "running" },
    ]);
    expect(runs[2] && eventsIn(runs[2], "foreignEvent")).toMatchObject([{ name: "somethingNew", data: { detail: 1 } }]);
  });

  it("may be mixed with events of ours, which stay as they are", async () => {
    const path = join(await emptyFolder(), "mixed.jsonl");
    const jobDir = await richJob().write(await emptyFolder());
    const [ours] = (await perstack.read(jobDir)).runs;
    if (!ours) throw new Error("nothing was read");
    const events = ours.events.map((event) => ({ ...event, runId: "ours" }));
    await writeFile(path, `${events.map((event) => JSON.stringify(event)).join("\n")}\n${richJob().lines()}`);
    const { runs, problems } = await perstack.read(path);
    expect(problems).toEqual([]);
    expect(runs.find(({ runId }) => runId === "ours")?.events).toEqual(JSON.parse(JSON.stringify(events)));
    expect(runs).toHaveLength(3);
  });
});

describe("what is told after the end of a run", () => {
  it("stands before it: the end is the last word", async () => {
    const path = join(await emptyFolder(), "stdout.jsonl");
    const job = new PerstackJob("job1");
    const run = job.run("solo", { query: "Hello" });
    run.answer("Hi");
    const at = { jobId: "job1", runId: run.runId, timestamp: job.tick() };
    const late = [
      { type: "skillStderr", id: "e1", ...at, skillName: "stub", message: "bye\nbye\n" },
      { type: "skillDisconnected", id: "e2", ...at, skillName: "stub" },
      { type: "proxyAccess", id: "e3", ...at, action: "blocked", domain: "example.com", port: 443 },
    ];
    await writeFile(path, job.lines() + late.map((event) => `${JSON.stringify(event)}\n`).join(""));
    const { runs } = await perstack.read(path);
    checkLaws(runs);
    expect(runs[0]?.events.slice(-5).map(({ type, id }) => [type, id])).toEqual([
      ["logSkill", "e1"],
      ["logSkill", "e1-2"],
      ["disconnectSkill", "e2"],
      ["foreignEvent", "e3"],
      ["finishRun", expect.any(String)],
    ]);
  });
});
