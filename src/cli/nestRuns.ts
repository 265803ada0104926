/** Runs in the order of a list: the newest first, each followed by the delegates that it called, in their order. */
import type { RunSummary } from "../app/runIndex";

export interface NestedRun {
  run: RunSummary;
  /** 0: nobody in the list called it. */
  depth: number;
}

/** @param runs newest first */
export function nestRuns(runs: readonly RunSummary[]): NestedRun[] {
  const keyOf = (jobId: string, runId: string) => `${jobId}/${runId}`;
  const known = new Set(runs.map(({ jobId, runId }) => keyOf(jobId, runId)));
  const children = new Map<string, RunSummary[]>();
  const roots: RunSummary[] = [];
  for (const run of runs) {
    const parent = run.parentRunId === undefined ? undefined : keyOf(run.jobId, run.parentRunId);
    if (parent === undefined || !known.has(parent)) roots.push(run);
    else children.set(parent, [run, ...(children.get(parent) ?? [])]);
  }
  const nested: NestedRun[] = [];
  const seen = new Set<RunSummary>();
  const visit = (run: RunSummary, depth: number) => {
    if (seen.has(run)) return;
    seen.add(run);
    nested.push({ run, depth });
    for (const child of children.get(keyOf(run.jobId, run.runId)) ?? []) visit(child, depth + 1);
  };
  for (const run of roots) visit(run, 0);
  // Files may name each other as parents in a circle: they are shown all the same.
  for (const run of runs) visit(run, 0);
  return nested;
}
