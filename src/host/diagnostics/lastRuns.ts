/** Which experts failed in their last run: what the Problems panel says until a good run. */
import type { RunSummary } from "../../app/runIndex";

/**
 * The runs to report, at most one for each expert: the newest that ended well or badly decides. One that was
 * cancelled or goes on says nothing, and what another run delegated belongs to that run.
 * @param runs newest first.
 */
export function failedExperts(runs: readonly RunSummary[]): RunSummary[] {
  const decided = new Set<string>();
  const failed: RunSummary[] = [];
  for (const run of runs) {
    const expert = `${run.definitionPath ?? ""}\n${run.expertKey}`;
    if (run.parentRunId !== undefined || run.root !== undefined || decided.has(expert)) continue;
    const isBad = run.status === "failed" || run.stopReason === "maxSteps" || run.stopReason === "budget";
    if (run.status !== "finished" && !isBad) continue;
    decided.add(expert);
    if (isBad) failed.push(run);
  }
  return failed;
}
