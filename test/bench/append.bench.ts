/** What it costs to record one event, against the floor (one write of the same line), other ways, and flushed to the disk. */

import { appendFileSync, closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/model/events";
import { type FlushMode, openJournal } from "../../src/store/journal";
import { type Bench, type BenchRow, median } from "./bench";

const rounds = 15;
const events = 4_000;
const files = 400;
/** With each event the disk is waited for. */
const flushed = 40;
/** A run ends a step now and then. */
const eventsPerStep = 10;

const ways = ["floor", "ours", "batches", "appendFile", "fileEach", "flushStep", "flushEvent"] as const;
type Times = Record<(typeof ways)[number], number[]>;

const bench: Bench = {
  title: "append one event",
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-append-"));
    const times: Times = {
      ...{ floor: [], ours: [], batches: [], appendFile: [], fileEach: [], flushStep: [], flushEvent: [] },
    };
    try {
      // Side by side in every round, so that a busy moment of the machine hits all of them; the first one warms up.
      for (let round = 0; round <= rounds; round += 1) {
        const batch = Array.from({ length: events }, (_, index) => eventAt(index + 1));
        const at = (name: string) => join(dir, `${name}-${round}`);
        const found: Record<keyof Times, number> = {
          floor: floor(at("floor"), batch),
          ours: await ours(at("ours"), batch, "never"),
          batches: await inBatches(at("batches"), batch),
          appendFile: appendEach(at("append"), batch),
          fileEach: await fileEach(at("files"), batch.slice(0, files)),
          flushStep: await ours(at("step"), batch.map(withSteps), "step"),
          flushEvent: await ours(at("event"), batch.slice(0, flushed), "event"),
        };
        if (round > 0) for (const way of ways) times[way].push(found[way]);
        await rm(dir, { recursive: true, force: true });
        await mkdir(dir);
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    return rowsOf(times);
  },
};
export default bench;

function rowsOf(times: Times): BenchRow[] {
  const ratio = (a: number[], b: number[]) => median(a.map((value, index) => value / (b[index] ?? Number.NaN)));
  const row = (name: string, values: number[]) => ({ name, value: median(values), unit: "µs", ok: true });
  const toFloor = ratio(times.ours, times.floor);
  const faster = (way: keyof Times, least: number) => {
    const found = ratio(times[way], times.ours);
    return { ratio: found, limit: `≥ ${least} × journal.append`, ok: found >= least };
  };
  return [
    row("floor: JSON.stringify and fs.writeSync on an open descriptor", times.floor),
    { ...row("journal.append", times.ours), ratio: toFloor, limit: "≤ 1.2 × the floor", ok: toFloor <= 1.2 },
    { ...row(`journal.append, ${eventsPerStep} at once`, times.batches), ratio: ratio(times.batches, times.ours) },
    { ...row("fs.appendFileSync (OpenExpertise’s way)", times.appendFile), ...faster("appendFile", 1.7) },
    { ...row("a file per event: mkdir and writeFile (Perstack’s way)", times.fileEach), ...faster("fileEach", 15) },
    {
      ...row("journal.append, flushed at step ends (default)", times.flushStep),
      ratio: ratio(times.flushStep, times.ours),
    },
    { ...row("journal.append, flushed with each event", times.flushEvent), ratio: ratio(times.flushEvent, times.ours) },
  ];
}

const microseconds = (started: number, count: number) => ((performance.now() - started) / count) * 1_000;

function floor(path: string, batch: readonly RunEvent[]): number {
  const fd = openSync(path, "a");
  const started = performance.now();
  for (const event of batch) writeSync(fd, `${JSON.stringify(event)}\n`);
  const time = microseconds(started, batch.length);
  closeSync(fd);
  return time;
}

async function ours(path: string, batch: readonly RunEvent[], flush: FlushMode): Promise<number> {
  const journal = await openJournal(path, "create", flush);
  const started = performance.now();
  for (const event of batch) journal.append(event);
  const time = microseconds(started, batch.length);
  await journal.close();
  return time;
}

/** As of events that are ready in one tick. */
async function inBatches(path: string, batch: readonly RunEvent[]): Promise<number> {
  const journal = await openJournal(path, "create", "never");
  const started = performance.now();
  for (let at = 0; at < batch.length; at += eventsPerStep) journal.append(...batch.slice(at, at + eventsPerStep));
  const time = microseconds(started, batch.length);
  await journal.close();
  return time;
}

function appendEach(path: string, batch: readonly RunEvent[]): number {
  const started = performance.now();
  for (const event of batch) appendFileSync(path, `${JSON.stringify(event)}\n`);
  return microseconds(started, batch.length);
}

/** As its `storeEvent` does it: the folder is made sure of, then the file is written, both awaited. */
async function fileEach(dir: string, batch: readonly RunEvent[]): Promise<number> {
  const started = performance.now();
  for (const event of batch) {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, `event-${event.timestamp}-${event.step}-${event.seq}.json`), JSON.stringify(event));
  }
  return microseconds(started, batch.length);
}

/** The commonest kind of event, with a result of ordinary size. */
function eventAt(seq: number): RunEvent {
  const content = "export function sum(values) {\\n  let total = 0;\\n  return total;\\n}\\n".repeat(4);
  return {
    ...{ id: `v1stgxr8z5jdhi6bmyt${seq}`, timestamp: Date.now(), jobId: "w3ojt4wxa7m8q1kd0nfoyxwn", seq, step: 3 },
    ...{ runId: "wir5h40ryxpsefkf911i5bla", expertKey: "fix-the-sum", type: "finishToolCall", toolCallId: "call_1" },
    ...{ skill: "@perstack/base", tool: "readTextFile", isError: false, durationMs: 1.2 },
    result: [{ type: "textPart", text: JSON.stringify({ path: "src/sum.mjs", content, from: 0, to: 16 }) }],
    touched: [{ path: "src/sum.mjs", change: "read" }],
  };
}

function withSteps(event: RunEvent, index: number): RunEvent {
  if (index % eventsPerStep > 0) return event;
  const { id, timestamp, jobId, runId, seq, expertKey, step } = event;
  return { ...{ id, timestamp, jobId, runId, seq, expertKey, step }, ...{ type: "finishStep", durationMs: 1 } };
}
