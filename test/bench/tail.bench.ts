/** The last 20 events of a log, against its size: read backward from the end, and as who reads all of it to take them. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventLog } from "../../src/app/eventLog";
import type { RunEvent } from "../../src/model/events";
import { writeLargeLog } from "../support/largeLog";
import { type Bench, type BenchRow, median } from "./bench";

const bytesPerEvent = 300;
const sizes = [1, 10, 100, 1_000];
const count = 20;
const rounds = 41;
/** A string holds no more than half a GB: beyond it who reads all at once fails. */
const largestWhole = 100;

const bench: Bench = {
  title: `the last ${count} events of a log`,
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-tail-"));
    try {
      const logs = sizes.map((megabytes) => ({ megabytes, file: join(dir, `${megabytes}.jsonl`) }));
      for (const { file, megabytes } of logs)
        writeLargeLog(file, { events: Math.ceil((megabytes * 1_000_000) / bytesPerEvent), bytesPerEvent });
      const ours = new Map(logs.map(({ file }) => [file, [] as number[]]));
      const theirs = new Map(logs.map(({ file }) => [file, [] as number[]]));
      // Side by side in every round, so that a busy moment of the machine hits all of them.
      for (let round = 0; round < rounds; round += 1) {
        for (const { file } of logs) ours.get(file)?.push(await time(() => EventLog.open(file).tail(count)));
      }
      for (const { file, megabytes } of logs.filter((log) => log.megabytes <= largestWhole)) {
        for (let round = 0; round < (megabytes < 100 ? 5 : 2); round += 1) {
          theirs.get(file)?.push(await time(() => readAll(file)));
        }
      }
      return rowsOf(logs.map(({ megabytes, file }) => ({ megabytes, ours: ours.get(file), theirs: theirs.get(file) })));
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
export default bench;

interface Times {
  megabytes: number;
  ours: number[] | undefined;
  theirs: number[] | undefined;
}

function rowsOf(times: readonly Times[]): BenchRow[] {
  const smallest = median(times[0]?.ours ?? []);
  return times.flatMap(({ megabytes, ours = [], theirs = [] }): BenchRow[] => {
    const name = megabytes < 1_000 ? `${megabytes} MB` : `${megabytes / 1_000} GB`;
    const value = median(ours);
    const row = { name: `${name}: EventLog.tail(${count})`, value, unit: "ms", ok: true };
    if (megabytes < Math.max(...sizes)) {
      const all = median(theirs);
      return [
        row,
        { name: `${name}: read and parse all, take the last`, value: all, unit: "ms", ratio: all / value, ok: true },
      ];
    }
    const growth = value / smallest;
    return [
      { ...row, limit: "≤ 2 ms", ok: value <= 2 },
      { name: `${name} against 1 MB`, value, unit: "ms", ratio: growth, limit: "≤ 1.5 ×", ok: growth <= 1.5 },
    ];
  });
}

async function time(work: () => Promise<readonly unknown[]>): Promise<number> {
  const started = performance.now();
  const events = await work();
  const took = performance.now() - started;
  if (events.length !== count) throw new Error(`${events.length} events instead of ${count}.`);
  return took;
}

/** As Perstack, OpenExpertise and Runner show the end of a log. */
async function readAll(file: string): Promise<RunEvent[]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line): RunEvent => JSON.parse(line))
    .slice(-count);
}
