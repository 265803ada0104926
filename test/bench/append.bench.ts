/** What it costs to record one event, against the floor (one write of the same line) and against a file per event. */

import { appendFileSync, closeSync, openSync, writeSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunEvent } from "../../src/model/events";
import { openJournal } from "../../src/store/journal";
import { type Bench, type BenchRow, median } from "./bench";

const rounds = 9;
const events = 4_000;
const files = 1_000;

const bench: Bench = {
  title: "append one event",
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-append-"));
    const times = { floor: [] as number[], ours: [] as number[], appendFile: [] as number[], fileEach: [] as number[] };
    try {
      // Side by side in every round, so that a busy moment of the machine hits all of them.
      for (let round = 0; round < rounds; round += 1) {
        const batch = Array.from({ length: events }, (_, index) => eventAt(index + 1));
        times.floor.push(floor(join(dir, `floor-${round}`), batch));
        times.ours.push(await ours(join(dir, `ours-${round}`), batch));
        times.appendFile.push(appendEach(join(dir, `append-${round}`), batch));
        times.fileEach.push(await fileEach(join(dir, `files-${round}`), batch.slice(0, files)));
      }
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    return rowsOf(times);
  },
};
export default bench;

function rowsOf(times: Record<"floor" | "ours" | "appendFile" | "fileEach", number[]>): BenchRow[] {
  const ratio = (a: number[], b: number[]) => median(a.map((value, index) => value / (b[index] ?? Number.NaN)));
  const [toFloor, faster] = [ratio(times.ours, times.floor), ratio(times.fileEach, times.ours)];
  const row = (name: string, values: number[]) => ({ name, value: median(values), unit: "µs", ok: true });
  return [
    row("floor: JSON.stringify and fs.writeSync on an open descriptor", times.floor),
    { ...row("journal.append", times.ours), ratio: toFloor, limit: "≤ 1.3 × the floor", ok: toFloor <= 1.3 },
    { ...row("fs.appendFileSync (OpenExpertise’s way)", times.appendFile), ratio: ratio(times.appendFile, times.ours) },
    {
      ...row("a file per event: mkdir and writeFile (Perstack’s way)", times.fileEach),
      ratio: faster,
      limit: "≥ 10 × journal.append",
      ok: faster >= 10,
    },
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

async function ours(path: string, batch: readonly RunEvent[]): Promise<number> {
  const journal = await openJournal(path, "create");
  const started = performance.now();
  for (const event of batch) journal.append(event);
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
