/** What `runtrail export` does: finds the job or run that is meant, has it written, and says what was. */
import { resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import { exportJob } from "../app/exportJob";
import type { RunSummary } from "../app/runIndex";
import { messageOf } from "../base/errors";
import type { CliContext } from "./cliCommand";
import type { ExportOptions } from "./commands/export";
import { findRuns } from "./findRuns";
import { createLineWriter } from "./lineWriter";
import { formatProblem } from "./logSummary";
import { workspaceRootOf } from "./workspaceRoot";

/** @returns the exit code. Throws `UserError`. */
export async function exportRuns(
  id: string,
  { format, out, workspace }: ExportOptions,
  { io, openApp }: CliContext,
): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const app = await openApp({
    env: io.env,
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "export", reason: "nothing is run here", remember: true }),
    reportError: (error, context) => errors.write(`${context}: ${messageOf(error)}`),
  });
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    const root = workspaceRootOf(io.cwd, workspace);
    app.setFolders([root]);
    await app.runs.refresh();
    const meant = runsMeant(app.runs.list(), id, root);
    const folder = resolve(io.cwd, out);
    const { runs, files, problems } = await exportJob(meant, format, folder);
    for (const problem of problems) errors.write(formatProblem(problem));
    lines.write(`${runs} ${runs === 1 ? "run" : "runs"} in ${files} files: ${folder}`);
    await lines.flush();
    await errors.flush();
    return problems.length > 0 ? exitCodes.failed : exitCodes.finished;
  } finally {
    leaving.dispose();
    app.dispose();
  }
}

/** Throws `UserError`. */
function runsMeant(all: readonly RunSummary[], id: string, root: string): readonly RunSummary[] {
  const isJob = all.some(({ jobId }) => jobId === id) || !all.some(({ runId }) => runId.startsWith(id));
  if (isJob) return findRuns(all, { job: id }, root);
  const [run] = findRuns(all, { run: id }, root);
  return run ? [run, ...delegatesOf(run, all)] : [];
}

function delegatesOf(run: RunSummary, all: readonly RunSummary[]): RunSummary[] {
  const own = all.filter(({ jobId, parentRunId }) => jobId === run.jobId && parentRunId === run.runId);
  return own.flatMap((each) => [each, ...delegatesOf(each, all)]);
}
