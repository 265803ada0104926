/** Runs inside VS Code: asks the Runs view for the first rows of each run, as unfolding it does, and writes how long that took. */

import { appendFileSync } from "node:fs";
import * as vscode from "vscode";
import type { Runtrail } from "../../src/host/extension";
import { waitUntil } from "../support/waitUntil";

/** By job, in ms. */
export interface TreeReport {
  /** When nobody has looked at the run before. */
  first: Record<string, number>;
  /** When all of its log has been looked through, and another part of it is shown. */
  again: Record<string, number>;
}

/** What a window shows of a list at once. */
const shownRows = 50;

export async function run(): Promise<void> {
  const { RUNTRAIL_TREE_REPORT: report, RUNTRAIL_TREE_RUNS: runs } = process.env;
  if (report === undefined) throw new Error("RUNTRAIL_TREE_REPORT is missing.");
  try {
    appendFileSync(report, `${JSON.stringify(await measure(Number(runs)))}\n`);
  } catch (error) {
    appendFileSync(report, `${JSON.stringify({ error: error instanceof Error ? error.stack : String(error) })}\n`);
  }
}

async function measure(count: number): Promise<TreeReport> {
  const extension = vscode.extensions.getExtension<Runtrail>("runtrail.runtrail");
  if (extension === undefined) throw new Error("The extension is not there.");
  const runtrail = await extension.activate();
  const { runs } = runtrail.app;
  const all = await waitUntil("the runs", () => runs.list().length === count && runs.list(), { timeoutMs: 60_000 });
  const jobs = all.map(({ dir, jobId }) => ({ dir, jobId }));
  const report: TreeReport = { first: {}, again: {} };
  for (const { dir, jobId } of shuffled(jobs)) report.first[jobId] = await timeRows(runtrail, dir);
  for (const { dir } of jobs) {
    const isWhole = async () => (await runs.load(dir)).part?.isWhole !== false;
    await waitUntil("the log to be looked through", isWhole, { timeoutMs: 60_000 });
  }
  for (const { dir, jobId } of jobs) {
    const startedAt = performance.now();
    await runs.load(dir, { step: 20 });
    report.again[jobId] = performance.now() - startedAt;
  }
  return report;
}

async function timeRows({ runsView }: Runtrail, dir: string): Promise<number> {
  const startedAt = performance.now();
  const children = await runsView.getChildren({ kind: "run", id: `run:${dir}`, dir });
  const items = await Promise.all(children.slice(0, shownRows).map((node) => runsView.getTreeItem(node)));
  const took = performance.now() - startedAt;
  if (!items.some(({ label }) => /^Step \d+$/u.test(String(label)))) throw new Error(`${dir} has no rows.`);
  return took;
}

/** What is asked for first pays for what all of them need. */
function shuffled<T>(list: readonly T[]): T[] {
  const from = Math.floor(Math.random() * list.length);
  return [...list.slice(from), ...list.slice(0, from)];
}
