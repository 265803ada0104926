/** What `runtrail prune` deletes and prints. */
import { exitCodes } from "../app/exitCodes";
import { newId } from "../app/newId";
import { formatBytes, formatCount, formatTime } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { removeFolder } from "../store/removeFolder";
import { type KeptJob, type OldJob, type PruneResult, planPrune, prune } from "../store/retention";
import { alignColumns } from "./alignColumns";
import type { CliContext } from "./cliCommand";
import { type Colours, coloursFor } from "./colours";
import type { PruneOptions } from "./commands/prune";
import { createLineWriter } from "./lineWriter";
import { workspaceRootOf } from "./workspaceRoot";

export async function pruneJobs(options: PruneOptions, { io }: CliContext): Promise<number> {
  const { olderThan, keepFailed = false, includeWaiting = false, dryRun = false, json = false } = options;
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  // Whatever it ends in the middle of is out of sight by then, and goes with the next prune.
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    const workspace = workspaceRootOf(io.cwd, options.workspace);
    const now = io.clock.now();
    const plan = await planPrune(workspace, { olderThanMs: now - olderThan, keepFailed, includeWaiting, now });
    const result: PruneResult = dryRun
      ? { removed: plan.remove, kept: [], failed: [] }
      : await prune(plan, (dir) => removeFolder(dir, newId));
    const kept = [...plan.kept, ...result.kept];
    const { removed, failed } = result;
    if (json)
      lines.write(JSON.stringify({ workspace, dryRun, olderThan, ...totalsOf(removed), removed, kept, failed }));
    else {
      for (const line of formatJobs(removed, now, coloursFor(io.stdout, io))) lines.write(line);
      errors.write(`${describeTotals(removed, dryRun)}${describeKept(kept)}`);
    }
    for (const { job, reason } of failed) {
      errors.write(`The job ${oneLine(job.jobId, 130)} could not be deleted: ${oneLine(reason, 500)}`);
    }
    await lines.flush();
    await errors.flush();
    return failed.length > 0 ? exitCodes.failed : exitCodes.finished;
  } finally {
    leaving.dispose();
  }
}

function formatJobs(jobs: readonly OldJob[], now: number, colours: Colours): string[] {
  if (jobs.length === 0) return [];
  const rows = jobs.map((job) => [
    oneLine(job.jobId, 130),
    formatTime(job.lastActivity),
    formatAge(now - job.lastActivity),
    String(job.runIds.length),
    formatBytes(job.bytes),
    oneLine(job.expertKey ?? "", 30),
    oneLine(job.query ?? "", 60),
  ]);
  const [head = "", ...lines] = alignColumns([
    ["JOB", "LAST HEARD OF", "AGE", "RUNS", "SIZE", "EXPERT", "QUERY"],
    ...rows,
  ]);
  return [colours.bold(head), ...lines];
}

function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

function totalsOf(jobs: readonly OldJob[]): { runs: number; bytes: number } {
  return {
    runs: jobs.reduce((sum, { runIds }) => sum + runIds.length, 0),
    bytes: jobs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function describeTotals(jobs: readonly OldJob[], isDryRun: boolean): string {
  if (jobs.length === 0) return isDryRun ? "Nothing would be deleted." : "Nothing was deleted.";
  const { runs, bytes } = totalsOf(jobs);
  const what = `${formatCount(jobs.length, "job")} (${formatCount(runs, "run")}, ${formatBytes(bytes)})`;
  return isDryRun ? `${what} would be deleted; nothing was changed.` : `${what} deleted.`;
}

function describeKept(kept: readonly KeptJob[]): string {
  const counts = Map.groupBy(kept, ({ because }) => because);
  const words: readonly [KeptJob["because"], string][] = [
    ["recent", "younger"],
    ["running", "running"],
    ["waiting", "waiting for an answer"],
    ["failed", "failed"],
    ["unreadable", "not readable"],
  ];
  const told = words.flatMap(([because, word]) => {
    const count = counts.get(because)?.length ?? 0;
    return count > 0 ? [`${count} ${word}`] : [];
  });
  return told.length > 0 ? ` Kept: ${told.join(", ")}.` : "";
}
