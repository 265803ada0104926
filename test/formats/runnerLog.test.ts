/** Logs of Runner: which files are its, cuts at every byte, and what is not as it should be. */
import { mkdir, mkdtemp, readFile, realpath, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runner } from "../../src/formats/runner/runner";
import { runOf } from "../../src/model/run";
import { projectProblems, projectRuns } from "../support/formatCases";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { checkLaws, eventsIn } from "./foreignRunLaws";
import { RunnerLog } from "./runnerLog";

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-runner-")));
}

async function readText(text: string | Buffer) {
  const file = join(await emptyFolder(), "events.jsonl");
  await writeFile(file, text);
  const reading = await runner.read(file);
  checkLaws(reading.runs);
  return { ...reading, told: projectProblems(file, reading) };
}

describe("logs of Runner", () => {
  it("are found as run folders and as logs of other names, beside what is not Runner's", async () => {
    const root = await emptyFolder();
    const text = new RunnerLog().begin().end("succeeded", "All steps succeeded").text();
    for (const folder of [
      "runs/one",
      "runs/two",
      "node_modules/x",
      ".git/y",
      "perstack/exports/z",
      "perstack/jobs/j",
    ]) {
      await mkdir(join(root, folder), { recursive: true });
      await writeFile(join(root, folder, "events.jsonl"), text);
    }
    await writeFile(join(root, "saved.jsonl"), text);
    await writeFile(join(root, "ours.jsonl"), `${JSON.stringify({ type: "startRun", seq: 1, runId: "r" })}\n`);
    await symlink(root, join(root, "runs", "circle"));
    const units = [join(root, "runs", "one"), join(root, "runs", "two"), join(root, "saved.jsonl")];
    expect(await runner.find(root)).toEqual(units);
    expect(await runner.accepts(root)).toBe(true);
    const { runs } = await runner.read(root);
    expect(runs.map(({ dir }) => dir).sort()).toEqual(units);
  });

  it("are known by the records behind a damaged first line", async () => {
    const root = await emptyFolder();
    await writeFile(join(root, "events.jsonl"), `{"event_id":"half\n${new RunnerLog().begin().text()}`);
    expect(await runner.accepts(root)).toBe(true);
    expect(projectProblems(root, await runner.read(root))).toEqual([
      { file: "events.jsonl", line: 1, reason: "Not JSON." },
    ]);
  });

  it("name the record that says how a step fared when they say that the run went well", async () => {
    const log = new RunnerLog().begin().start("compile").fail("compile", "validation_failed", "3 errors");
    const { runs, told } = await readText(log.end("succeeded", "All steps succeeded").text());
    expect(projectRuns({ runs })[0]).toMatchObject({
      status: "finished",
      failures: [{ step: 1, grade: "blocked", class: "tool_error", reason: "compile: validation_failed: 3 errors" }],
    });
    expect(told).toEqual([
      {
        file: "events.jsonl",
        line: 6,
        reason: "The run says that it succeeded, though step compile failed (line 5) and was not done again.",
      },
    ]);
  });

  it("infer what the default pipeline left out, and nothing of a pipeline that they do not know", async () => {
    const log = new RunnerLog()
      .begin()
      .start("verify_artifacts")
      .fail("verify_artifacts", "unknown", "No implementation");
    const { runs } = await readText(log.end("succeeded", "All steps succeeded").text());
    expect(runs.flatMap((run) => eventsIn(run, "skipNode"))).toMatchObject([
      { node: "publish_internal", step: 2, isInferred: true, reason: "verify_artifacts failed before it" },
    ]);
    const other = new RunnerLog().begin().start("compile").fail("compile", "unknown", "No").end("succeeded", "Done");
    expect((await readText(other.text())).runs.flatMap((run) => eventsIn(run, "skipNode"))).toEqual([]);
  });

  it("leave a step open that no record ends, and end it where the run ended", async () => {
    const open = new RunnerLog().begin().start("compile");
    expect(runOf((await readText(open.text())).runs[0]?.events ?? [])).toMatchObject({
      status: "running",
      steps: [{ items: [{ kind: "node", node: "compile", state: "running" }] }],
      failures: [],
    });
    const { runs } = await readText(open.end("failed", "Killed").text());
    expect(projectRuns({ runs })[0]).toMatchObject({
      status: "failed",
      failures: [
        { step: 1, grade: "fatal", class: "interrupted", reason: "Killed: It had not ended when the run did." },
      ],
    });
  });

  it("say how a blocked and a rolled back run stand", async () => {
    const log = () => new RunnerLog().begin().start("compile").succeed("compile");
    const endOf = async (state: string) => (await readText(log().end(state, "By hand").text())).runs[0]?.events.at(-1);
    expect(await endOf("blocked")).toMatchObject({ type: "stopRun", reason: "input", message: "By hand" });
    expect(await endOf("rolled_back")).toMatchObject({ type: "stopRun", reason: "cancelled", message: "By hand" });
    expect(await endOf("odd")).toMatchObject({ type: "foreignEvent", name: "run.completed" });
  });

  it("keep what we have no word for", async () => {
    const log = new RunnerLog().begin().start("compile");
    log.add("step.succeeded", { step_id: "compile", outputs_hash: "abc", new_state: "succeeded" });
    log.add("run.override_applied", { actor: "manual", step_id: "compile", override_reason: "Known" });
    log.add("step.invented", { what: 1 });
    const { runs, problems } = await readText(log.text());
    expect(
      runs.flatMap((run) => eventsIn(run, "foreignEvent")).map(({ name, data, step }) => [name, data, step]),
    ).toEqual([
      ["run.state_changed", expect.anything(), 0],
      ["run.state_changed", expect.anything(), 0],
      ["step.succeeded", { outputs_hash: "abc" }, 1],
      ["run.override_applied", { actor: "manual", attempt: 0, step_id: "compile", override_reason: "Known" }, 1],
      ["step.invented", { actor: "runner", attempt: 0, what: 1 }, 1],
    ]);
    expect(problems).toEqual([]);
  });

  it("take values of any kind", async () => {
    const records = [
      { event_id: 5, event_type: "step.started", run_id: "r", timestamp_utc: "yesterday", attempt: -3, step_id: ["a"] },
      { event_type: "step.failed", run_id: "r", timestamp_utc: 17, attempt: 1e300, step_id: "a", reason: { b: 1 } },
      { event_type: { c: 2 }, run_id: "r" },
      { event_type: "run.completed", run_id: null, timestamp_utc: "99999-01-01T00:00:00Z", new_state: 5 },
    ];
    const { told, runs } = await readText(records.map((record) => JSON.stringify(record)).join("\n"));
    expect(runs).toHaveLength(1);
    expect(told.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      "1: attempt is no count.",
      "1: step.started does not say of which step it is.",
      "1: timestamp_utc is no time.",
      "2: attempt is no count.",
      "2: timestamp_utc is no time.",
      "3: No record of Runner: it has no event_type.",
      "4: It has no run_id: it is taken to be of the run around it.",
      "4: run.completed does not say how the run ended.",
      "4: timestamp_utc is no time.",
    ]);
  });

  it.each([
    "2026-02-03T04:05:06Z",
    "2026-02-03T04:05:06+00:00",
    "2026-02-03T05:05:06.000000+01:00",
    "2026-02-03T04:05:06",
  ])("read the time %s", async (time) => {
    const { runs } = await readText(new RunnerLog().add("run.created", { timestamp_utc: time }).text());
    expect(runs[0]?.events[0]?.timestamp).toBe(Date.UTC(2026, 1, 3, 4, 5, 6));
  });

  it.skipIf(!hasFixtures)("lose at most the last record wherever they are cut", async () => {
    const whole = await readFile(join(fixturesFolder, "runner", "run_retry_ok", "events.jsonl"));
    const file = join(await emptyFolder(), "events.jsonl");
    // The last line at every byte, the rest here and there.
    const cuts = Array.from({ length: whole.length + 1 }, (_, at) => at).filter(
      (at) => at > whole.length - 350 || at % 211 === 0,
    );
    for (const at of cuts) {
      await writeFile(file, whole.subarray(0, at));
      const { runs } = await runner.read(file);
      const lines = whole.subarray(0, at).toString().split("\n").slice(0, -1);
      const ids = new Set(runs.flatMap(({ events }) => events.map(({ id }) => id)));
      expect(lines.filter((line) => !ids.has(JSON.parse(line).event_id))).toEqual([]);
    }
  });

  it("never throw for changed bytes", async () => {
    const text = Buffer.from(
      new RunnerLog().begin().start("a").fail("a", "transient_io", "x").retry("a", 1).end("failed", "y").text(),
    );
    const change = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 255 }));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(text);
        for (const [at, byte] of changes) bytes[at] = byte;
        await readText(bytes);
      }),
      { numRuns: 60 },
    );
  });

  it("stay as they were", async () => {
    const root = await emptyFolder();
    const file = join(root, "events.jsonl");
    await writeFile(file, new RunnerLog().begin().text());
    const before = (await stat(file)).mtimeMs;
    await runner.read(root);
    expect((await stat(file)).mtimeMs).toBe(before);
  });
});
