/** Which runs stopped to ask the user something, and which of them was gone on from since. */
import type { RunSummary } from "../app/runIndex";

/** What is only there to be looked at cannot be answered. */
export function isAsking({ status, inputRequests = [], root }: RunSummary): boolean {
  return status === "stopped" && inputRequests.length > 0 && root === undefined;
}

/** The place of the run that it went on from, which waits no longer. A fork or a repetition is another job. */
export function leftBy({ origin }: RunSummary): string | undefined {
  return origin && leaves.includes(origin.kind) ? placeOf(origin) : undefined;
}

export function placeOf({ jobId, runId }: { jobId: string; runId: string }): string {
  return `${jobId}/${runId}`;
}

const leaves: readonly string[] = ["continue", "resume", "retry"];
