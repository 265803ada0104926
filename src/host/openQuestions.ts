/** The runs that stopped to ask the user something, and have not been gone on from since. */
import type { RunSummary } from "../app/runIndex";

/** @param runs of all jobs, newest first; so is what comes back. */
export function openQuestions(runs: readonly RunSummary[]): RunSummary[] {
  const left = new Set(runs.flatMap(({ origin }) => (origin && leaves.includes(origin.kind) ? [placeOf(origin)] : [])));
  return runs.filter((run) => isAsking(run) && !left.has(placeOf(run)));
}

/** What is only there to be looked at cannot be answered. */
export function isAsking({ status, inputRequests = [], root }: RunSummary): boolean {
  return status === "stopped" && inputRequests.length > 0 && root === undefined;
}

/** A fork or a repetition is another job: the run still waits. */
const leaves: readonly string[] = ["continue", "resume", "retry"];

function placeOf({ jobId, runId }: { jobId: string; runId: string }): string {
  return `${jobId}/${runId}`;
}
