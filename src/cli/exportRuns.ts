/** What `runtrail export` does: finds the runs that are meant, has them written, and says what was. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import { exportRunsAs } from "../app/exportJob";
import { readJobRuns } from "../app/jobRuns";
import type { RunProblem, RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import type { RunToWrite } from "../formats/format";
import { isJournaled } from "../store/readJournal";
import type { CliContext } from "./cliCommand";
import type { ExportOptions } from "./commands/export";
import { findRuns } from "./findRuns";
import { createLineWriter } from "./lineWriter";
import { formatProblem } from "./logSummary";
import { openShelf, type RunShelf } from "./runShelf";

/** @returns the exit code. Throws `UserError`. */
export async function exportRuns(wanted: string, options: ExportOptions, { io }: CliContext): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    const { format, out, run, workspace } = options;
    const isPath = existsSync(resolve(io.cwd, wanted));
    if (!isPath && run !== undefined) throw new UserError(`There is no file or folder ${resolve(io.cwd, wanted)}.`);
    const shelf = await openShelf(isPath ? { path: wanted, workspace } : { workspace }, io.cwd);
    const meant = runsMeant(shelf, isPath ? run : wanted, isPath);
    const read = await readMeant(shelf, meant);
    const problems = [...(isPath ? shelf.problems : []), ...read.problems];
    if (read.runs.length === 0) throw new UserError(`Nothing can be read: ${problems[0]?.reason ?? "no run"}`);
    const folder = resolve(io.cwd, out);
    const { runs, files } = await exportRunsAs(format, read.runs, folder);
    for (const problem of problems) errors.write(formatProblem(problem));
    const [ofRuns, ofFiles] = [runs === 1 ? "run" : "runs", files === 1 ? "file" : "files"];
    lines.write(`${runs} ${ofRuns} in ${files} ${ofFiles}: ${folder}`);
    await lines.flush();
    await errors.flush();
    return problems.length > 0 ? exitCodes.failed : exitCodes.finished;
  } finally {
    leaving.dispose();
  }
}

/** Throws `UserError`. */
function runsMeant({ runs: all, place }: RunShelf, id: string | undefined, isPath: boolean): readonly RunSummary[] {
  if (id === undefined) return all.toReversed();
  const isJob = all.some(({ jobId }) => jobId === id) || !all.some(({ runId }) => runId.startsWith(id));
  if (isJob && !isPath) return findRuns(all, { job: id }, place).toReversed();
  const [run] = findRuns(all, { run: id }, place);
  return run ? withDelegates(run, all) : [];
}

/** Each once, though files may name each other as callers in a circle. */
function withDelegates(run: RunSummary, all: readonly RunSummary[]): RunSummary[] {
  const found = new Set([run]);
  for (const caller of found) {
    for (const each of all) {
      if (each.jobId === caller.jobId && each.parentRunId === caller.runId) found.add(each);
    }
  }
  return [...found];
}

/** What of our own is read whole; of others' what their files tell. */
async function readMeant(
  shelf: RunShelf,
  meant: readonly RunSummary[],
): Promise<{ runs: RunToWrite[]; problems: RunProblem[] }> {
  const runs: RunToWrite[] = [];
  const problems: RunProblem[] = [];
  for (const summary of meant) {
    if (summary.source === undefined && (await isJournaled(summary.dir))) {
      const own = await readJobRuns([summary.dir]);
      runs.push(...own.runs);
      problems.push(...own.problems);
    } else {
      const { events, base, problems: found } = await shelf.load(summary);
      runs.push({ events, base });
      problems.push(...found);
    }
  }
  return { runs, problems };
}
