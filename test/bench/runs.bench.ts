/** Opening a workspace with ten to ten thousand runs, with and without what was kept of the last time. */
import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeManyRuns } from "../support/manyRuns";
import { projectRoot } from "../support/projectPaths";
import type { Bench, BenchRow } from "./bench";
import type { ProbeReport } from "./runsProbe";

const sizes = [10, 100, 1_000, 10_000];
const largest = Math.max(...sizes);

interface Opened {
  size: number;
  cold: ProbeReport;
  warm: ProbeReport;
}

const bench: Bench = {
  title: "open a workspace with many runs",
  async run() {
    const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-runs-")));
    try {
      const opened: Opened[] = [];
      for (const size of sizes) {
        const [root, cache] = [join(dir, String(size)), join(dir, `cache-${size}`)];
        writeManyRuns(root, { runs: size });
        const cold = await probe("cold", root, cache);
        opened.push({ size, cold, warm: await probe("warm", root, cache) });
      }
      const peer = await probe("peer", join(dir, String(largest)));
      return [...opened.flatMap(rowsOf), ...peerRows(peer, opened)];
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
};
export default bench;

function rowsOf({ size, cold, warm }: Opened): BenchRow[] {
  const ms = (name: string, value: number, limit?: number): BenchRow => {
    const about = { name: `${size} runs, ${name}`, value, unit: "ms" };
    const isLimited = limit !== undefined && size === largest;
    return { ...about, ...(isLimited && { limit: `≤ ${limit} ms` }), ok: !isLimited || value <= limit };
  };
  return [
    ms("warm: until the first 500 are shown", warm.firstMs, 300),
    ms("warm: until all have been checked", warm.allMs),
    ms("cold: until the first 500 are shown", cold.firstMs, 3_000),
    ms("cold: until all are shown", cold.allMs),
    ms("the thread is held up for at the most (warm)", warm.longestMs),
    ms("the thread is held up for at the most (cold)", cold.longestMs),
    { name: `${size} runs, resident set (warm)`, value: warm.memoryMb, unit: "MB", ok: true },
    { name: `${size} runs, resident set (cold)`, value: cold.memoryMb, unit: "MB", ok: true },
    { name: `${size} runs, a check at rest, of the thread`, value: warm.checkMs ?? Number.NaN, unit: "ms", ok: true },
    { name: `${size} runs, one event of a run that goes on`, value: warm.eventUs ?? Number.NaN, unit: "µs", ok: true },
  ];
}

function peerRows(peer: ProbeReport, opened: readonly Opened[]): BenchRow[] {
  const ours = opened.find(({ size }) => size === largest);
  const [cold = Number.NaN, warm = Number.NaN] = [ours?.cold.firstMs, ours?.warm.firstMs];
  const name = `${largest} runs, every journal read and parsed as a whole`;
  return [
    { name: `${name}, against cold`, value: peer.allMs, unit: "ms", ratio: peer.allMs / cold, ok: true },
    { name: `${name}, against warm`, value: peer.allMs, unit: "ms", ratio: peer.allMs / warm, ok: true },
    { name: `${name}, resident set`, value: peer.memoryMb, unit: "MB", ok: true },
  ];
}

async function probe(mode: "cold" | "warm" | "peer", root: string, cache = ""): Promise<ProbeReport> {
  const script = join(projectRoot, "out", "bench", "runsProbe.cjs");
  const worker = join(projectRoot, "dist", "logWorker.js");
  const { stdout } = await promisify(execFile)(process.execPath, [script, mode, root, cache, worker]);
  return JSON.parse(stdout) as ProbeReport;
}
