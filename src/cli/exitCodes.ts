/** The exit codes, as `--help` prints them. */

import type { RunOutcome } from "../app/app";
import { assertNever } from "../base/errors";
import { describeError, stopWords } from "../model/statusText";

export const exitCodes = { finished: 0, failed: 1, usage: 2, stopped: 3, cancelled: 130 } as const;

export const exitCodeHelp = `
Exit codes:
  0    finished
  1    the run failed
  2    wrong usage or definition
  3    stopped before the end (step limit, budget, input needed)
  130  cancelled (Ctrl-C, or the reader of the output went away)
`;

export function exitCodeOf(outcome: RunOutcome): number {
  switch (outcome.status) {
    case "finished":
      return exitCodes.finished;
    case "failed":
      return exitCodes.failed;
    case "stopped":
      return outcome.stopReason === "cancelled" ? exitCodes.cancelled : exitCodes.stopped;
    default:
      return assertNever(outcome.status);
  }
}

/** What standard error says of a run that did not finish. */
export function describeEnding(outcome: RunOutcome): string | undefined {
  if (outcome.error) return `The run failed: ${describeError(outcome.error)}`;
  return outcome.status === "stopped" && outcome.stopReason
    ? `The run was ${stopWords(outcome.stopReason)}.`
    : undefined;
}
