/** How a run ended, as a number: the terminal exits with it and the run's record keeps it. */
import { assertNever } from "../base/errors";
import type { RunOutcome } from "../runtime/runExpert";

export const exitCodes = { finished: 0, failed: 1, usage: 2, stopped: 3, cancelled: 130 } as const;

export function exitCodeOf({ status, stopReason }: Pick<RunOutcome, "status" | "stopReason">): number {
  switch (status) {
    case "finished":
      return exitCodes.finished;
    case "failed":
      return exitCodes.failed;
    case "stopped":
      return stopReason === "cancelled" ? exitCodes.cancelled : exitCodes.stopped;
    default:
      return assertNever(status);
  }
}
