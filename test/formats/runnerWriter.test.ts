/** Runs written as Runner keeps them: read back they are the same, and what Runner knows no way for is not said. */
import { mkdtemp, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRunnerSink, writeRunnerRuns } from "../../src/formats/runner/openRunnerSink";
import { runner } from "../../src/formats/runner/runner";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { anyEvents } from "../model/arbitraryEvents";
import { projectRuns } from "../support/formatCases";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { checkLaws } from "./foreignRunLaws";
import { RunnerLog } from "./runnerLog";

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-runner-")));
}

type Written = EventPayload & { step?: number };

function runOfOurs(payloads: readonly Written[], runId = "own"): RunEvent[] {
  return payloads.map(({ step = 0, ...payload }, index) => ({
    ...{ id: `event-${index}`, timestamp: 1_770_000_000_000 + index * 250, jobId: "job", runId, seq: index + 1 },
    ...{ expertKey: "tester", step },
    ...(payload as EventPayload),
  }));
}

async function write(events: readonly RunEvent[], folder?: string) {
  const target = folder ?? (await emptyFolder());
  expect(await writeRunnerRuns([{ events }], target)).toBe(1);
  const [name = ""] = await readdir(target);
  const file = join(target, name, "events.jsonl");
  const text = await readFile(file, "utf8");
  const records: Record<string, unknown>[] = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { file, text, records, told: records.map(wordsOf) };
}

function wordsOf({ event_type, step_id, attempt, new_state }: Record<string, unknown>): string {
  const attempted = typeof attempt === "number" && attempt > 0 ? `#${attempt}` : "";
  return [event_type, step_id, attempted, event_type === "run.state_changed" ? new_state : ""]
    .filter(Boolean)
    .join(" ");
}

/** What a reading has, without how it came to be known: ids of its own and where it lies. */
function essentialsOf(events: readonly RunEvent[]): unknown {
  return events.map(({ id: _, ...event }) => event);
}

const generation: Written[] = [
  { type: "startGeneration", attempt: 1, step: 1 },
  { type: "finishGeneration", attempt: 1, finishReason: "toolCalls", toolCalls: [], step: 1 },
];

describe("runs written as Runner keeps them", () => {
  it.skipIf(!hasFixtures)("are the same read back, and written once more", async () => {
    const samples = join(fixturesFolder, "runner");
    for (const name of await readdir(samples)) {
      const [first] = (await runner.read(join(samples, name))).runs;
      const written = await write(first?.events ?? []);
      const reading = await runner.read(written.file);
      checkLaws(reading.runs);
      expect(essentialsOf(reading.runs[0]?.events ?? []), name).toEqual(essentialsOf(first?.events ?? []));
      expect(projectRuns(reading), name).toEqual(projectRuns({ runs: first ? [first] : [] }));
      expect((await write(reading.runs[0]?.events ?? [])).text).toBe(written.text);
    }
  });

  it.skipIf(!hasFixtures)("differ from Runner's own files in microseconds alone", async () => {
    for (const name of ["run_success", "run_gate_failed", "run_retry_ok", "run_nongate_validation_failed"]) {
      const path = join(fixturesFolder, "runner", name, "events.jsonl");
      const original = (await readFile(path, "utf8")).replace(/(?<ms>\.\d{3})\d{3}(?=\+00:00)/gu, "$<ms>000");
      const { text } = await write((await runner.read(path)).runs[0]?.events ?? []);
      expect(text.split("\n")).toEqual(original.replaceAll(".000000+", "+").split("\n"));
    }
  });

  it("tell of steps, artifacts, retries and the end of a run of ours, in states that may follow", async () => {
    const { records, told, file, text } = await write(
      runOfOurs([
        { type: "startRun", query: "Grüße ☃ 👋" },
        { type: "startGeneration", attempt: 1, step: 1 },
        {
          type: "retryGeneration",
          ...{ attempt: 1, delayMs: 10, step: 1 },
          error: { name: "E", message: "Busy", class: "provider_rate_limit", isRetryable: true },
        },
        { type: "startGeneration", attempt: 2, step: 1 },
        { type: "finishGeneration", attempt: 2, finishReason: "toolCalls", toolCalls: [], step: 1 },
        {
          type: "finishToolCall",
          ...{ toolCallId: "c", skill: "s", tool: "write", isError: false, result: [], step: 1 },
          touched: [
            { path: "out/a.txt", change: "write" },
            { path: "in.txt", change: "read" },
          ],
        },
        { type: "finishStep", step: 1 },
        { type: "passGate", gate: "lint", step: 1 },
        { type: "finishRun", text: "Done", step: 1 },
      ]),
    );
    expect(told).toEqual([
      "run.created",
      "run.state_changed preflight_validated",
      "run.state_changed executing",
      "step.started step-1",
      "step.failed step-1",
      "step.retried step-1 #1",
      "step.started step-1 #1",
      "artifact.emitted step-1",
      "step.succeeded step-1 #1",
      "step.started lint",
      "step.succeeded lint",
      "run.state_changed succeeded",
      "run.completed",
    ]);
    expect(records[4]).toMatchObject({ error_class: "transient_io", reason: "provider_rate_limit: Busy", attempt: 0 });
    expect(text).toContain('"reason":"Gr\\u00fc\\u00dfe \\u2603 \\ud83d\\udc4b"');
    expect(Object.keys(records[4] ?? {})).toEqual([
      ...["event_id", "event_type", "run_id", "timestamp_utc", "actor", "attempt", "step_id", "error_class", "reason"],
      "new_state",
    ]);
    expect(records[0]?.timestamp_utc).toBe("2026-02-02T02:40:00+00:00");
    expect(records[3]?.timestamp_utc).toBe("2026-02-02T02:40:00.250000+00:00");
    expect(new Set(records.map(({ event_id }) => event_id)).size).toBe(records.length);
    if (process.platform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("tell which step a run of ours failed in, and of a gate that failed", async () => {
    const error = { name: "E", message: "No key", class: "provider_auth" as const, isRetryable: false };
    const failed = await write(
      runOfOurs([{ type: "startRun", query: "q" }, ...generation, { type: "errorRun", error, step: 1 }]),
    );
    expect(failed.told.slice(3)).toEqual([
      "step.started step-1",
      "step.failed step-1",
      "run.state_changed failed",
      "run.completed",
    ]);
    const [run] = projectRuns(await runner.read(failed.file));
    expect(run).toMatchObject({ status: "failed", failures: [{ step: 1, grade: "fatal", reason: "No key" }] });
    const gate = await write(
      runOfOurs([
        { type: "startRun", query: "q" },
        { type: "failGate", gate: "coverage", measured: 71, threshold: 80 },
        { type: "errorRun", error: { ...error, class: "hard_gate_failed", message: "Hard gate failed: coverage" } },
      ]),
    );
    expect(gate.told.slice(3)).toEqual([
      "step.started coverage",
      "step.failed coverage",
      "gate.failed coverage",
      "run.state_changed failed",
      "run.completed",
    ]);
    expect(gate.records[5]).toMatchObject({
      reason: "measured 71, threshold 80",
      error_class: "hard_gate_failed",
      attempt: 0,
    });
  });

  it("block a run that stops and take it up again", async () => {
    const events = runOfOurs([
      { type: "startRun", query: "q" },
      ...generation,
      { type: "stopRun", reason: "budget", message: "1 USD", step: 1 },
      { type: "resumeRun", by: "user" },
      { type: "startGeneration", attempt: 1, step: 1 },
      { type: "finishStep", step: 1 },
      { type: "finishRun", text: "Done", step: 1 },
    ]);
    const { told, file } = await write(events);
    expect(told.slice(3)).toEqual([
      "step.started step-1",
      "run.state_changed blocked",
      "run.completed",
      "run.state_changed executing",
      "step.succeeded step-1",
      "run.state_changed succeeded",
      "run.completed",
    ]);
    expect((await runner.read(file)).runs[0]?.events.map(({ type }) => type)).toContain("resumeRun");
    const stopped = await write(events.slice(0, 4));
    expect((await runner.read(stopped.file)).runs[0]?.events.at(-1)).toMatchObject({
      reason: "budget",
      message: "1 USD",
    });
  });

  it("never say a state that cannot follow, whatever happened", async () => {
    const after: Record<string, string[]> = {
      created: ["preflight_validated", "failed"],
      preflight_validated: ["executing", "failed"],
      executing: ["blocked", "failed", "succeeded"],
      blocked: ["executing", "failed", "rolled_back"],
      failed: ["rolled_back"],
      succeeded: [],
    };
    await fc.assert(
      fc.asyncProperty(anyEvents, async (events) => {
        const own = events.filter(({ type }) => type !== "foreignEvent");
        const folder = await emptyFolder();
        await writeRunnerRuns([{ events: own }], folder);
        for (const name of await readdir(folder)) {
          const text = await readFile(join(folder, name, "events.jsonl"), "utf8");
          for (const line of text.split("\n").filter(Boolean)) {
            const record = JSON.parse(line);
            if (record.event_type !== "run.state_changed") continue;
            expect(after[record.previous_state]).toContain(record.new_state);
          }
          const reading = await runner.read(join(folder, name));
          checkLaws(reading.runs);
          if (reading.runs.length === 0) continue;
          const again = await write(reading.runs[0]?.events ?? []);
          expect(projectRuns(await runner.read(again.file))).toEqual(projectRuns(reading));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("grow while a run goes on, into the same as in one go, and behind what is there", async () => {
    const folder = await emptyFolder();
    const own = [{ type: "startRun", query: "q" }, ...generation, { type: "finishStep", step: 1 }] as Written[];
    const events = runOfOurs([...own, { type: "finishRun", text: "Done", step: 1 }]);
    const sink = await openRunnerSink(folder);
    const file = join(folder, "own", "events.jsonl");
    let size = 0;
    for (const event of events) {
      await sink.write(event);
      const text = await readFile(file, "utf8");
      expect(text.length).toBeGreaterThanOrEqual(size);
      size = text.length;
    }
    await sink.close();
    const whole = await readFile(file, "utf8");
    expect(whole).toBe((await write(events)).text);
    await writeFile(file, whole.slice(0, -20));
    const next = await openRunnerSink(folder);
    await next.write({ ...events[0], type: "resumeRun", by: "user", seq: 9, id: "more" } as RunEvent);
    await next.write({ ...events[1], seq: 10, id: "again" } as RunEvent);
    await next.close();
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(JSON.parse(lines.at(-2) ?? "")).toMatchObject({ event_type: "step.started", step_id: "step-1" });
  });

  it("lead nowhere by their ids", async () => {
    const folder = await emptyFolder();
    await writeRunnerRuns([{ events: runOfOurs([{ type: "startRun", query: "q" }], "../../etc") }], folder);
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^run-[\da-f]{20}$/u)]);
  });

  it("keep a resumed log as it is", async () => {
    const log = new RunnerLog().begin().start("compile").fail("compile", "unknown", "No").end("failed", "Gave up");
    const folder = await emptyFolder();
    const file = join(folder, "events.jsonl");
    await writeFile(file, log.start("compile").succeed("compile").end("succeeded", "All steps succeeded").text());
    const reading = await runner.read(file);
    const again = await runner.read((await write(reading.runs[0]?.events ?? [])).file);
    expect(projectRuns(again)).toEqual(projectRuns(reading));
    const types = (runs: typeof reading.runs) => runs[0]?.events.map(({ type }) => type);
    expect(types(again.runs)).toEqual(types(reading.runs));
  });
});
