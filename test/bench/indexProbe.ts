/** One measurement for `index.bench.ts`, in a process of its own: how long it takes to know where each event stands, and what memory. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { newId } from "../../src/app/newId";
import { openEventIndex } from "../../src/store/eventIndex";

export interface IndexReport {
  ms: number;
  /** Of all its threads: what it takes however busy the machine is. */
  cpuMs: number;
  events: number;
  /** What the resident set grew by at the most, in MB. */
  megabytes: number;
  /** The longest that nothing else had its turn, in ms. */
  blockedMs: number;
}

/** index: read the log · load: what is kept beside it · stream: parse each line, keep nothing · all: parse and keep all. */
export type IndexMode = "index" | "load" | "stream" | "all";

const ways: Record<IndexMode, (file: string) => Promise<number>> = {
  index: (file) => index(file, false),
  load: (file) => index(file, true),
  async stream(file) {
    let count = 0;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (JSON.parse(line).seq > 0) count += 1;
    }
    return count;
  },
  async all(file) {
    const events: unknown[] = [];
    for (const line of (await readFile(file, "utf8")).split("\n")) {
      if (line !== "") events.push(JSON.parse(line));
    }
    return events.length;
  },
};

async function index(file: string, mayKeep: boolean): Promise<number> {
  const indexed = openEventIndex(file, { mayKeep, newId });
  await indexed.refresh();
  return indexed.index.count;
}

/** @param warmUp a shorter log, read a few times before: the editor's thread for logs lives as long as its window */
async function main(mode: IndexMode, file: string, warmUp: string | undefined): Promise<void> {
  const before = process.memoryUsage.rss();
  for (let round = 0; warmUp && round < 5; round += 1) await ways[mode](warmUp);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const events = await ways[mode](file);
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const megabytes = (process.resourceUsage().maxRSS * 1024 - before) / 1e6;
  const report: IndexReport = { ms, cpuMs: (user + system) / 1000, events, megabytes, blockedMs: delay.max / 1e6 };
  process.stdout.write(JSON.stringify(report));
}

const [, , mode, file = "", warmUp] = process.argv;
void main(mode as IndexMode, file, warmUp);
