/** What a run and its delegates have used by now: on screen, a run is always its own part and its delegates' together. */
import type { RunSummary } from "../../app/runIndex";
import { addUsage, noUsage } from "../../model/addUsage";
import { totalCostOf, totalUsageOf } from "../../model/spending";
import type { Usage } from "../../model/usage";

export interface RunTotals {
  /** Absent where nothing tells it. */
  usage?: Usage;
  /** USD; absent where a part of it is not known. */
  cost?: number;
}

/** @param runs all of the job */
export function totalsOf(run: RunSummary, runs: readonly RunSummary[]): RunTotals {
  return sumUp(run, runs, new Set());
}

/** Of runs that did not delegate to each other. */
export function sumOf(tops: readonly RunSummary[], runs: readonly RunSummary[]): RunTotals & { usage: Usage } {
  const totals = tops.map((run) => totalsOf(run, runs));
  const usage = totals.reduce((sum, each) => addUsage(sum, each.usage), noUsage);
  const costs = totals
    .filter((each) => (each.usage?.totalTokens ?? 0) > 0 || each.cost !== undefined)
    .map(({ cost }) => cost);
  const known = costs.filter((cost) => cost !== undefined);
  if (known.length === 0 || known.length < costs.length) return { usage };
  return { usage, cost: known.reduce((sum, cost) => sum + cost, 0) };
}

/** A run that has ended says it itself; of the others the delegates are asked, who may have used more by now. */
function sumUp(run: RunSummary, runs: readonly RunSummary[], above: ReadonlySet<string>): RunTotals {
  const { spending, usage, cost, runId } = run;
  if (!spending) return { ...(usage && { usage }), ...(cost !== undefined && { cost }) };
  const path = new Set([...above, runId]);
  const delegates = runs.filter((each) => each.parentRunId === runId && !path.has(each.runId));
  const used = Object.fromEntries(
    delegates.map((each) => [each.runId, { usage: noUsage, ...sumUp(each, runs, path) }]),
  );
  const whole = { ...spending, delegates: { ...spending.delegates, ...used } };
  const total = totalCostOf(whole);
  const sum = totalUsageOf(whole);
  return { ...((usage || sum.totalTokens > 0) && { usage: sum }), ...(total !== undefined && { cost: total }) };
}
