/** The first rows of a run in the tree of a real VS Code, whatever the size of its log, when nobody has looked at it before. */

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromium } from "../support/chromium";
import { writeLargeLog } from "../support/largeLog";
import { packagePath, projectRoot } from "../support/projectPaths";
import { startVscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import { type Bench, type BenchRow, median } from "./bench";
import { writeEmptyExtension } from "./emptyExtension";
import type { TreeReport } from "./treeProbe";

const sizes = [1_000, 10_000, 100_000, 1_000_000];
const looks = 3;
const limits = { ms: 150, ratio: 1.5 };

const bench: Bench = {
  title: "first rows of a run in the tree",
  async run() {
    const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-tree-")));
    const workspace = join(dir, "workspace");
    const report = join(dir, "report.jsonl");
    for (const events of sizes) await writeRun(workspace, events);
    const env = { RUNTRAIL_TREE_REPORT: report, RUNTRAIL_TREE_RUNS: String(sizes.length) };
    const server = await startVscodeServer({ version: "current", vsix: packagePath(), env });
    const browser = await launchChromium();
    try {
      const developmentPath = await writeEmptyExtension(dir);
      const testsPath = join(projectRoot, "out", "bench", "treeProbe.cjs");
      const reports: TreeReport[] = [];
      // Each page has a fresh extension host; what the one before left beside the logs is removed.
      while (reports.length < looks) {
        for (const events of sizes) await rm(join(runDir(workspace, events), "events.idx"), { force: true });
        const page = await browser.newPage();
        await page.goto(server.url(workspace, { developmentPath, testsPath }), { timeout: 120_000 });
        reports.push(await waitUntil("the probe’s report", () => readReport(report), { timeoutMs: 120_000 }));
        await rm(report);
        await page.close();
      }
      return rowsOf(reports);
    } finally {
      await browser.close();
      await server.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  },
};
export default bench;

function rowsOf(reports: readonly TreeReport[]): BenchRow[] {
  const times = (events: number, kind: "first" | "again") =>
    median(reports.flatMap((report) => report[kind][`events-${events}`] ?? []));
  const [least = 0] = sizes;
  const rows = sizes.map((events): BenchRow => {
    const value = times(events, "first");
    const row = { name: `${events.toLocaleString("en-US")} events`, value, unit: "ms" };
    if (events !== sizes.at(-1)) return { ...row, limit: `≤ ${limits.ms} ms`, ok: value <= limits.ms };
    const ratio = value / times(least, "first");
    const limit = `≤ ${limits.ms} ms and ≤ ${limits.ratio} ×`;
    return { ...row, ratio, limit, ok: value <= limits.ms && ratio <= limits.ratio };
  });
  const again = sizes.map((events): BenchRow => {
    const name = `${events.toLocaleString("en-US")} events, when its log has been looked through`;
    return { name, value: times(events, "again"), unit: "ms", ok: true };
  });
  return [...rows, ...again];
}

async function writeRun(workspace: string, events: number): Promise<void> {
  const dir = runDir(workspace, events);
  await mkdir(dir, { recursive: true });
  writeLargeLog(join(dir, "events.jsonl"), { events, jobId: `events-${events}`, runId: "run-1" });
}

function runDir(workspace: string, events: number): string {
  return join(workspace, "perstack", "jobs", `events-${events}`, "runs", "run-1");
}

async function readReport(file: string): Promise<TreeReport | undefined> {
  if (!existsSync(file)) return undefined;
  const text = await readFile(file, "utf8");
  if (!text.endsWith("\n")) return undefined;
  const report = JSON.parse(text) as TreeReport | { error: string };
  if ("error" in report) throw new Error(report.error);
  return report;
}
