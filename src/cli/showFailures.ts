/** What `runtrail failures` does: finds the run that is meant, and prints its digest and what it takes. */
import { exitCodes } from "../app/exitCodes";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import { describeDigestSize, digestFailures, digestLines, digestMarkdown } from "../model/failureDigest";
import { oneLine } from "../model/plainText";
import type { CliContext } from "./cliCommand";
import type { FailuresOptions } from "./commands/failures";
import { findRun } from "./findRuns";
import { createLineWriter } from "./lineWriter";
import { formatProblem } from "./logSummary";
import { openWanted } from "./openWanted";
import type { RunShelf } from "./runShelf";

/** @param wanted a run's id or its beginning, or a path. Throws `UserError`. */
export async function showFailures(
  wanted: string | undefined,
  options: FailuresOptions,
  { io }: CliContext,
): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    const { shelf, id, isPath } = await openWanted(wanted, options, io.cwd);
    const summary = runMeant(shelf, id);
    if (summary) {
      const { run, events, problems } = await shelf.load(summary);
      const chosen = options.last === undefined ? {} : { events: options.last };
      const digest = digestFailures({ ...run, status: summary.status }, events, chosen);
      const told = options.markdown ? digestMarkdown(digest).split("\n") : digestLines(digest);
      for (const line of told) lines.write(line);
      for (const problem of problems) errors.write(formatProblem(problem));
      const about = `${oneLine(digest.title, 100)} (run ${oneLine(digest.runId, 130)})`;
      if (digest.failures.length === 0) errors.write(`Nothing failed in ${about}.`);
      else errors.write(`${about}: ${describeDigestSize(told.join("\n"), digest, run.model)}.`);
      const others = `; --last <n> looks further back`;
      if (digest.leftOut > 0) errors.write(`Left out, as older or too long: ${digest.leftOut}${others}.`);
    } else errors.write(`Nothing failed in ${shelf.place}.`);
    for (const problem of isPath ? shelf.problems : []) errors.write(formatProblem(problem));
    await lines.flush();
    await errors.flush();
    return exitCodes.finished;
  } finally {
    leaving.dispose();
  }
}

/** The newest that failed, one that ended badly before one that got past its failures. Throws `UserError`. */
function runMeant({ runs, place }: RunShelf, id: string | undefined): RunSummary | undefined {
  if (runs.length === 0) throw new UserError(`There are no runs in ${place}.`);
  if (id !== undefined) return findRun(runs, id, place);
  const failed = runs.filter(({ failure }) => failure !== undefined);
  return failed.find(({ failure }) => failure?.grade !== "recovered") ?? failed[0];
}
