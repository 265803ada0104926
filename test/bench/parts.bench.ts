/** The first rows of a run as the tree asks for them, and all about the run, against the size of its log. */
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createLogReader, type LogReader } from "../../src/app/logReader";
import type { RunEvent } from "../../src/model/events";
import { runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { writeLargeLog } from "../support/largeLog";
import { projectRoot } from "../support/projectPaths";
import { type Bench, type BenchRow, median } from "./bench";

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const largest = 1_000_000;
const rounds = 9;
/** Who parses all of a million events takes more than a gigabyte. */
const peerSize = 100_000;
const limits = { firstMs: 150, growth: 1.5, megabytes: 32, faster: 1.5 };

interface Times {
  /** With the start of the thread. */
  cold: number[];
  first: number[];
  summary: number[];
  middle: number[];
}

const bench: Bench = {
  title: "the first rows of a run, and all about it",
  async run() {
    const root = await mkdtemp(join(tmpdir(), "runtrail-parts-"));
    try {
      const logs = await Promise.all(
        sizes.map(async (events) => {
          const dir = join(root, String(events));
          await mkdir(dir);
          writeLargeLog(layout.journal(dir), { events });
          return { events, dir };
        }),
      );
      const times = new Map<number, Times>();
      for (const { events } of logs) times.set(events, { cold: [], first: [], summary: [], middle: [] });
      const timesOf = (events: number) => times.get(events) ?? never();
      // Side by side in every round, so that a busy moment of the machine hits all of them.
      for (let round = 0; round < rounds; round += 1) {
        for (const { events, dir } of logs) await measureFirst(dir, timesOf(events));
      }
      const megabytes = await measureMemory(logs.map(({ dir }) => dir));
      for (const { events, dir } of logs) {
        for (let round = 0; round < (events < largest ? 3 : 1); round += 1) await measureWhole(dir, timesOf(events));
      }
      const peer = await time(() => parseAll(layout.journal(join(root, String(peerSize)))));
      return rowsOf(times, megabytes, peer);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
};
export default bench;

function openReader(): LogReader {
  return createLogReader({
    workerFile: pathToFileURL(join(projectRoot, "dist", "logWorker.js")),
    mayWrite: () => false,
  });
}

/** Nothing is known of the log. */
async function measureFirst(dir: string, times: Times): Promise<void> {
  const fresh = openReader();
  times.cold.push(await time(() => fresh.do("readPart", { dir })));
  // By now the thread runs, as it does in an editor that has shown its list of runs.
  times.first.push(await time(() => fresh.do("readPart", { dir })));
  fresh.dispose();
}

async function measureWhole(dir: string, times: Times): Promise<void> {
  const reader = openReader();
  await reader.do("readPart", { dir });
  times.summary.push(await time(() => reader.do("readSummary", { dir })));
  const { lastStep } = await reader.do("readSummary", { dir });
  times.middle.push(await time(() => reader.do("readPart", { dir, step: Math.ceil(lastStep / 2) })));
  reader.dispose();
}

/** How much more this process takes for the end of the largest log than for the smallest one, in the same thread. */
async function measureMemory(dirs: readonly string[]): Promise<number> {
  const [small = "", large = ""] = [dirs[0], dirs.at(-1)];
  const reader = openReader();
  for (let round = 0; round < 20; round += 1) await reader.do("readPart", { dir: small });
  const before = process.memoryUsage.rss();
  let most = before;
  for (let round = 0; round < 5; round += 1) {
    await reader.do("readPart", { dir: large });
    most = Math.max(most, process.memoryUsage.rss());
  }
  reader.dispose();
  return (most - before) / 1_000_000;
}

function rowsOf(times: ReadonlyMap<number, Times>, megabytes: number, peer: number): BenchRow[] {
  const smallest = times.get(sizes[0] ?? 0) ?? never();
  const rows: BenchRow[] = [];
  for (const [events, { cold, first, summary, middle }] of times) {
    const name = `${events.toLocaleString("en")} events`;
    const firstMs = median(first);
    const limit = events === largest && { limit: `≤ ${limits.firstMs} ms` };
    rows.push(
      { name: `${name}: first rows`, value: firstMs, unit: "ms", ...limit, ok: !limit || firstMs <= limits.firstMs },
      { name: `${name}: first rows, with the start of the thread`, value: median(cold), unit: "ms", ok: true },
    );
    const all = median(summary);
    rows.push({ name: `${name}: all about the run`, value: all, unit: "ms", ok: true });
    if (events === peerSize) {
      const faster = peer / all;
      rows.push({
        ...{ name: `${name}: read, parse and reduce all`, value: peer, unit: "ms", ratio: faster },
        ...{ limit: `≥ ${limits.faster} × all about the run`, ok: faster >= limits.faster },
      });
    }
    if (!limit) continue;
    rows.push({ name: `${name}: 500 steps in the middle`, value: median(middle), unit: "ms", ok: true });
    const growth = median(first) / median(smallest.first);
    rows.push({
      ...{ name: "first rows, against 1,000 events", value: median(first), unit: "ms", ratio: growth },
      ...{ limit: `≤ ${limits.growth} ×`, ok: growth <= limits.growth },
    });
  }
  const isFlat = megabytes <= limits.megabytes;
  const most = `≤ ${limits.megabytes} MB`;
  rows.push({ name: "memory that the first rows take", value: megabytes, unit: "MB", limit: most, ok: isFlat });
  return rows;
}

/** As Perstack, OpenExpertise and Runner show a run. */
async function parseAll(file: string): Promise<void> {
  const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
  const run = runOf(lines.map((line) => JSON.parse(line) as RunEvent));
  if (run?.eventCount !== peerSize) throw new Error(`${run?.eventCount} events instead of ${peerSize}.`);
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function never(): never {
  throw new Error("It was not measured.");
}
