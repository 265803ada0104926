/** How long it takes to search a log of 300 MB for a text, against `grep -c` on the same file, and what it depends on. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventQuery } from "../../src/model/eventQuery";
import { type SearchLogOptions, searchLog } from "../../src/store/searchLog";
import { writeLargeLog } from "../support/largeLog";
import { type Bench, type BenchRow, median } from "./bench";

const rounds = 5;
const sizes = [1_000, 10_000, 100_000, 1_000_000];
const [largest = 0] = sizes.slice(-1);
const page = 1000;

const bench: Bench = {
  title: "search 1,000,000 events (300 MB)",
  async run() {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-search-bench-"));
    try {
      const files = new Map<number, string>();
      for (const events of sizes) {
        const file = join(dir, `${events}.jsonl`);
        writeLargeLog(file, { events, textOf });
        files.set(events, file);
      }
      const file = files.get(largest) ?? "";
      const rows: BenchRow[] = [];
      for (const contest of contests) rows.push(...(await meet(contest, file)));
      return [...rows, ...(await curve(files))];
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
export default bench;

/** “Common” is in a tenth of all lines, “Rare” in a few. */
function textOf(call: number): string {
  return `${call % 11 < 4 ? "Common word. " : ""}${call % 50_000 === 77 ? "Rare word. " : ""}`;
}

interface Contest {
  name: string;
  query: EventQuery;
  options?: Partial<SearchLogOptions>;
  /** Of `grep`. */
  args: string[];
  /** How many times as long as `grep` it may take. */
  limit?: number;
}

const contests: Contest[] = [
  { name: "a rare word, with case", query: { text: "Rare" }, args: ["-c", "Rare"], limit: 2 },
  { name: "a rare word, without case (the default)", query: { text: "rare word" }, args: ["-ci", "rare"], limit: 2 },
  { name: "the same, against grep with case", query: { text: "rare word" }, args: ["-c", "Rare"], limit: 2 },
  {
    ...{ name: "a rare word, the newest first", query: { text: "Rare" }, args: ["-c", "Rare"], limit: 2 },
    options: { order: "newestFirst" },
  },
  { name: "a word that is not there", query: { text: "Unheard" }, args: ["-c", "Unheard"], limit: 2 },
  {
    ...{
      name: "a rare type",
      query: { types: ["retryGeneration"] },
      args: ["-c", '"type":"retryGeneration"'],
      limit: 2,
    },
  },
  {
    ...{ name: `the newest ${page} of a word in a tenth of all lines`, query: { text: "Common" }, limit: 1 },
    ...{ args: ["-c", "Common"], options: { order: "newestFirst", limit: page } },
  },
  { name: "all of these, each parsed and checked", query: { text: "Common" }, args: ["-c", "Common"] },
  { name: "a number, however it is written", query: { text: "77177" }, args: ["-c", "77177"] },
  { name: "what failed", query: { status: "failed" }, args: ["-c", '"isError":true'] },
];

/** In turns, so that a busy moment of the machine hits all of them. */
async function meet({ name, query, options, args, limit }: Contest, file: string): Promise<BenchRow[]> {
  const times = { ours: [] as number[], grep: [] as number[], plain: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.grep.push(await grep(args, file, process.env));
    times.ours.push(await search(file, query, options));
    // Without the rules of a language it may be quicker.
    times.plain.push(await grep(args, file, { ...process.env, LC_ALL: "C" }));
  }
  const ratio = median(times.ours.map((value, index) => value / (times.grep[index] ?? Number.NaN)));
  const row = (label: string, values: readonly number[]) => ({
    name: label,
    value: median(values),
    unit: "ms",
    ok: true,
  });
  return [
    {
      ...row(name, times.ours),
      ratio,
      ...(limit !== undefined && { limit: `≤ ${limit} × grep`, ok: ratio <= limit }),
    },
    row(`— grep ${args.join(" ")}`, times.grep),
    row(`— LC_ALL=C grep ${args.join(" ")}`, times.plain),
  ];
}

async function search(file: string, query: EventQuery, options: Partial<SearchLogOptions> = {}): Promise<number> {
  const started = performance.now();
  let found = 0;
  for await (const { hits } of searchLog(file, query, { order: "oldestFirst", ...options })) found += hits.length;
  if (found === 0 && query.text !== "Unheard") throw new Error(`Nothing was found of ${JSON.stringify(query)}.`);
  return performance.now() - started;
}

/** It ends with 1 where nothing is found. */
async function grep(args: readonly string[], file: string, env: NodeJS.ProcessEnv): Promise<number> {
  const started = performance.now();
  await new Promise<void>((resolve, reject) => {
    execFile("grep", [...args, file], { env }, (error) => {
      if (error && error.code !== 1) reject(error);
      else resolve();
    });
  });
  return performance.now() - started;
}

/** Looking for what is rare grows with the log; the newest of what is common costs the same. */
async function curve(files: ReadonlyMap<number, string>): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const newest: number[] = [];
  for (const [events, file] of files) {
    const rare: number[] = [];
    const common: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      rare.push(await search(file, { text: "Unheard" }));
      common.push(await search(file, { text: "Common" }, { order: "newestFirst", limit: 20 }));
    }
    newest.push(median(common));
    const label = events.toLocaleString("en-US");
    rows.push({ name: `${label} events: a word that is not there`, value: median(rare), unit: "ms", ok: true });
    const first = newest[0] ?? Number.NaN;
    const value = median(common);
    // A millisecond more or less is noise.
    const ok = value <= 3 * first + 1;
    rows.push({
      ...{ name: `${label} events: the newest 20 of a common word`, value, unit: "ms", ok },
      ...(newest.length > 1 && { ratio: value / first, limit: "the same within noise" }),
    });
  }
  return rows;
}
