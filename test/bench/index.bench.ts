/** Where each of a million events stands: the index, against reading and parsing all lines, and what is kept of it. */
import { execFile } from "node:child_process";
import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { newId } from "../../src/app/newId";
import { openEventIndex } from "../../src/store/eventIndex";
import { largeRun, writeLargeLog } from "../support/largeLog";
import { projectRoot } from "../support/projectPaths";
import type { Bench, BenchRow } from "./bench";
import type { IndexMode, IndexReport } from "./indexProbe";

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const largest = Math.max(...sizes);
const rounds = 5;

const bench: Bench = {
  title: "index a million events (300 MB)",
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-index-"));
    try {
      const curve: BenchRow[] = [];
      for (const size of sizes) {
        const file = join(dir, `${size}.jsonl`);
        writeLargeLog(file, { events: size });
        const times = await repeat(3, () => probe("index", file));
        curve.push({
          ...row(`index ${size} events, just started`, times),
          ok: times.every(({ events }) => events === size),
        });
      }
      const file = join(dir, `${largest}.jsonl`);
      return [...curve, ...(await compare(file, join(dir, "100000.jsonl"))), ...(await keep(file))];
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
export default bench;

/** Side by side in every round, so that a busy moment of the machine hits all of them. */
async function compare(file: string, warmUp: string): Promise<BenchRow[]> {
  const ours: IndexReport[] = [];
  const stream: IndexReport[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await probe("index", file, warmUp));
    stream.push(await probe("stream", file, warmUp));
  }
  const all = [await probe("all", file)];
  const ratio = best(stream, "ms") / best(ours, "ms");
  const ofProcessor = best(stream, "cpuMs") / best(ours, "cpuMs");
  const megabytes = most(ours, "megabytes");
  return [
    row(`index ${largest} events, warmed up`, ours),
    {
      ...row("read and parse all lines, one after the other, and keep nothing", stream),
      ...{ ratio, limit: "≥ 6 × the index", ok: ratio >= 6 },
    },
    { name: "the same, of the processor", value: best(stream, "cpuMs"), unit: "ms", ratio: ofProcessor, ok: true },
    {
      ...row("read the log, parse all lines and keep the events (OpenExpertise’s way)", all),
      ...{ ratio: best(all, "ms") / best(ours, "ms"), ok: true },
    },
    {
      ...{ name: "resident set: the index grows it by", value: megabytes, unit: "MB" },
      ...{ limit: "≤ 100 MB", ok: megabytes <= 100 },
    },
    memory("parsing all lines and keeping nothing", stream),
    memory("parsing all lines and keeping the events", all),
    { name: "others wait for their turn at the most", value: most(ours, "blockedMs"), unit: "ms", ok: true },
  ];
}

function memory(name: string, reports: readonly IndexReport[]): BenchRow {
  return { name: `resident set: ${name}`, value: most(reports, "megabytes"), unit: "MB", ok: true };
}

/** What is kept beside the log, and going on from it. */
async function keep(file: string): Promise<BenchRow[]> {
  const indexed = openEventIndex(file, { mayKeep: true, newId });
  await indexed.refresh();
  await indexed.close();
  const loads = await repeat(rounds, () => probe("load", file));
  const same = await timed(() => indexed.refresh());
  await appendFile(
    file,
    largeRun({ events: 1_000 })
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(""),
  );
  const grown = await timed(() => indexed.refresh());
  return [
    row("load what was kept of it", loads),
    { name: "look again: nothing came", value: same, unit: "ms", ok: true },
    { name: "look again: 1000 events came", value: grown, unit: "ms", ok: indexed.index.count === largest + 1_000 },
  ];
}

/** The best round, for others on the machine only ever make it slower. */
function row(name: string, reports: readonly IndexReport[]): BenchRow {
  return { name, value: best(reports, "ms"), unit: "ms", ok: true };
}

function best(reports: readonly IndexReport[], key: "ms" | "cpuMs"): number {
  return Math.min(...reports.map((report) => report[key]));
}

function most(reports: readonly IndexReport[], key: "megabytes" | "blockedMs"): number {
  return Math.max(...reports.map((report) => report[key]));
}

async function repeat<Result>(times: number, action: () => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  while (results.length < times) results.push(await action());
  return results;
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

async function probe(mode: IndexMode, ...files: string[]): Promise<IndexReport> {
  const script = join(projectRoot, "out", "bench", "indexProbe.cjs");
  const { stdout } = await promisify(execFile)(process.execPath, ["--max-old-space-size=8192", script, mode, ...files]);
  return JSON.parse(stdout) as IndexReport;
}
