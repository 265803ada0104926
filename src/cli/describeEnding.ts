/** What the terminal says of how a run ended: the exit codes in `--help`, and the line on standard error. */

import type { RunOutcome } from "../app/app";
import { describeError, errorDetails, stopWords } from "../model/statusText";

export const exitCodeHelp = `
Exit codes:
  0    finished
  1    the run failed
  2    wrong usage or definition
  3    stopped before the end (step limit, budget, input needed)
  130  cancelled (Ctrl-C, or the reader of the output went away)
`;

/** What standard error says of a run that did not finish. */
export function describeEnding(outcome: RunOutcome): string | undefined {
  if (outcome.error) {
    const details = errorDetails(outcome.error, { lines: 40, width: 1000 }).map((line) => `\n  ${line}`);
    return `The run failed: ${describeError(outcome.error)}${details.join("")}`;
  }
  return outcome.status === "stopped" && outcome.stopReason
    ? `The run was ${stopWords(outcome.stopReason)}.`
    : undefined;
}
