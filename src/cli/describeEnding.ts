/** What the terminal says of how a run ended: the exit codes in `--help`, and the lines on standard error. */

import type { RunOutcome } from "../app/app";
import type { Run } from "../model/run";
import { describeError, errorDetails, stopWords } from "../model/statusText";
import { type GoOnCommand, howToGoOn } from "./howToGoOn";

export const exitCodeHelp = `
Exit codes:
  0    finished
  1    the run failed
  2    wrong usage or definition
  3    stopped before the end (step limit, budget, input needed)
  130  cancelled (Ctrl-C, or the reader of the output went away)
`;

/** What standard error says of a run that did not finish, and of how it can go on. */
export function describeEnding(outcome: RunOutcome, run: Run | undefined, command: GoOnCommand): string[] {
  if (outcome.error) {
    const details = errorDetails(outcome.error, { lines: 40, width: 1000 }).map((line) => `  ${line}`);
    return [`The run failed: ${describeError(outcome.error)}`, ...details];
  }
  if (outcome.status !== "stopped" || !outcome.stopReason) return [];
  return [`The run was ${stopWords(outcome.stopReason)}.`, ...(run ? howToGoOn(run, command) : [])];
}
