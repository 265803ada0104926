/** 2,000 events a second for a minute into an open tree, timeline and output channel of a real VS Code. */

import { mkdir, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchChromium } from "../support/chromium";
import { packagePath, projectRoot } from "../support/projectPaths";
import { startVscodeServer } from "../support/vscodeServer.mjs";
import { waitUntil } from "../support/waitUntil";
import type { Bench, BenchRow } from "./bench";
import { writeEmptyExtension } from "./emptyExtension";
import type { LiveReport } from "./liveProbe";

const seconds = 60;
const limits = { p99Ms: 20, growth: 1.2 };

const bench: Bench = {
  title: `2,000 events a second for ${seconds} s, shown live`,
  async run() {
    const dir = await realpath(await mkdtemp(join(tmpdir(), "runtrail-live-")));
    const file = join(dir, "report.jsonl");
    const workspace = join(dir, "workspace");
    await mkdir(workspace);
    const env = { RUNTRAIL_LIVE_REPORT: file, RUNTRAIL_LIVE_SECONDS: String(seconds) };
    const server = await startVscodeServer({ version: "current", vsix: packagePath(), env });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      const developmentPath = await writeEmptyExtension(dir);
      const testsPath = join(projectRoot, "out", "bench", "liveProbe.cjs");
      await page.goto(server.url(workspace, { developmentPath, testsPath }), { timeout: 120_000 });
      const report = await waitUntil("the probe’s report", () => readReport(file), {
        timeoutMs: (seconds + 120) * 1000,
      });
      return rowsOf(report, await countShown(page, report.written));
    } finally {
      await browser.close();
      await server.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    }
  },
};
export default bench;

async function readReport(file: string): Promise<LiveReport | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  if (!text.endsWith("\n")) return undefined;
  const report = JSON.parse(text) as LiveReport | { error: string };
  if ("error" in report) throw new Error(report.error);
  return report;
}

/** Rows that the timeline says it has; it lies in two frames. */
async function countShown(page: Page, wanted: number): Promise<number> {
  let count = Number.NaN;
  const look = async () => {
    for (const frame of page.frames()) {
      const rows = frame.locator("[aria-rowcount]");
      if ((await rows.count().catch(() => 0)) > 0) count = Number(await rows.first().getAttribute("aria-rowcount"));
    }
    return count >= wanted;
  };
  await waitUntil("all events in the timeline", look, { timeoutMs: 20_000 }).catch(() => undefined);
  return count;
}

function rowsOf({ delays, written, heard, counted, heap }: LiveReport, shown: number): BenchRow[] {
  const { idle, journalOnly, shown: live } = delays;
  const early = heap[1] ?? Number.NaN;
  const growth = (heap.at(-1) ?? Number.NaN) / early;
  const missing = written * 3 - heard - counted - Math.min(shown, written);
  const row = (name: string, value: number, unit: string) => ({ name, value, unit, ok: true });
  return [
    row("event-loop delay of the idle host, p99", idle.p99, "ms"),
    row("the same events into a journal alone, p99", journalOnly.p99, "ms"),
    {
      ...row("into a journal, tree, timeline and output channel, p99", live.p99, "ms"),
      limit: `≤ ${limits.p99Ms} ms`,
      ok: live.p99 <= limits.p99Ms,
    },
    row("the same, p50", live.p50, "ms"),
    row("the same, longest", live.max, "ms"),
    row("events", written, ""),
    { ...row("missing in tree, timeline or output channel", missing, ""), limit: "= 0", ok: missing === 0 },
    row("heap after a third of the time", early, "MB"),
    {
      ...row("heap at the end", heap.at(-1) ?? Number.NaN, "MB"),
      ratio: growth,
      limit: `≤ ${limits.growth} ×`,
      ok: growth <= limits.growth,
    },
  ];
}
