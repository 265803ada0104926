/** The runs of other systems in the job folders of a workspace: read again when their folders change, shown like ours. */
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ForeignRun, ForeignRuns } from "../formats/format";
import { runOf } from "../model/run";
import { listRunsOfJob } from "../store/runFolders";
import type { LoadedRun, RunSummary } from "./runIndex";
import { summarizeRun } from "./summarizeRun";

export interface ForeignRunIndex {
  has(dir: string): boolean;
  /** Changes whenever the files of its job do; `undefined` where the run is not another system's. */
  stampOf(dir: string): string | undefined;
  /** All jobs there are: reads those that changed. */
  refresh(jobDirs: readonly string[]): Promise<void>;
  /** The job of one run folder. */
  refreshRun(dir: string): Promise<void>;
  /** A cheap look at the known jobs. */
  check(): Promise<void>;
  load(dir: string): Promise<LoadedRun>;
}

export interface ForeignRunIndexOptions {
  /** Whether the run in the folder is one of ours. */
  isOurs(dir: string): boolean;
  show(summary: RunSummary): void;
  forget(dir: string): void;
  onError(error: unknown): void;
  now(): number;
}

interface Job {
  /** "" where files may not have been written to their end. */
  stamp: string;
  /** Of the folder that holds the run folders. */
  runsAt: number | undefined;
  /** When each run folder was last seen to change; none at the first look. */
  changes: Map<string, number>;
  times: ReadonlyMap<string, number>;
  rows: Row[];
}

interface Row {
  summary: RunSummary;
  /** Its run folders. */
  sourceRunIds: readonly string[];
  /** No end is recorded. */
  isOpen: boolean;
}

/** As long as a generation of Perstack may take: a run that says nothing for longer has nobody who goes on with it. */
const quietMs = 5 * 60_000;
/** A file that was made so short a time ago may not have been written to its end. */
const settleMs = 2_000;
/** Jobs read side by side. */
const width = 4;

export function createForeignRunIndex(options: ForeignRunIndexOptions): ForeignRunIndex {
  const { isOurs, show, forget, onError, now } = options;
  const jobs = new Map<string, Job>();
  const jobOf = new Map<string, string>();
  let hasLooked = false;

  const drop = (jobDir: string, kept: ReadonlySet<string>) => {
    for (const { summary } of jobs.get(jobDir)?.rows ?? []) {
      if (kept.has(summary.dir)) continue;
      jobOf.delete(summary.dir);
      forget(summary.dir);
    }
  };
  const isAtWork = (row: Row, job: Job): boolean => {
    const { runId } = row.summary;
    const isRecent = (at = 0) => now() - at < quietMs;
    const delegates = job.rows.filter(({ summary }) => summary.parentRunId === runId && summary.runId !== runId);
    return (
      row.isOpen &&
      (row.sourceRunIds.some((id) => isRecent(job.changes.get(id))) || delegates.some((each) => isAtWork(each, job)))
    );
  };
  const showRows = (job: Job, isNew: boolean) => {
    for (const row of job.rows) {
      const status = isAtWork(row, job) ? "running" : "unknown";
      if (!isNew && (!row.isOpen || row.summary.status === status)) continue;
      if (row.isOpen) row.summary = { ...row.summary, status };
      show(row.summary);
    }
  };
  const refreshJob = async (jobDir: string): Promise<void> => {
    const known = jobs.get(jobDir);
    const runsAt = await changedAt(join(jobDir, "runs"));
    const times = await timesOf(jobDir, isOurs);
    const stamp = [...times].join();
    if (known?.stamp === stamp) {
      known.runsAt = runsAt;
      return showRows(known, false);
    }
    const read = times.size === 0 ? undefined : await readJob(jobDir);
    const rows = (read?.runs ?? []).flatMap((foreign) => rowOf(foreign, read?.source ?? ""));
    const changes = new Map(known?.changes);
    for (const [name, at] of times) {
      // What was there when the workspace was opened says nothing of whether someone is at work on it.
      if ((known || hasLooked) && known?.times.get(name) !== at) changes.set(name, now());
    }
    drop(jobDir, new Set(rows.map(({ summary }) => summary.dir)));
    const isSettled = [...times.values()].every((at) => now() - at > settleMs);
    const job: Job = { stamp: isSettled ? stamp : "", runsAt, changes, times, rows };
    if (times.size === 0) jobs.delete(jobDir);
    else jobs.set(jobDir, job);
    for (const { summary } of rows) jobOf.set(summary.dir, jobDir);
    showRows(job, true);
  };
  const refreshJobs = async (jobDirs: readonly string[]) => {
    const queue = jobDirs.values();
    const worker = async () => {
      for (const jobDir of queue) await refreshJob(jobDir).catch(onError);
    };
    await Promise.all(Array.from({ length: width }, worker));
  };

  return {
    has: (dir) => jobOf.has(dir),
    stampOf: (dir) => [...(jobs.get(jobOf.get(dir) ?? "")?.times ?? [])].join() || undefined,
    async refresh(jobDirs) {
      const found = new Set(jobDirs);
      for (const jobDir of [...jobs.keys()]) {
        if (found.has(jobDir)) continue;
        drop(jobDir, new Set());
        jobs.delete(jobDir);
      }
      await refreshJobs(jobDirs);
      hasLooked = true;
    },
    refreshRun: async (dir) => await refreshJobs([dirname(dirname(dir))]),
    async check() {
      const due: string[] = [];
      for (const [jobDir, { stamp, runsAt, rows }] of jobs) {
        const isMoving = stamp === "" || rows.some(({ isOpen }) => isOpen);
        // A run that begins in a job that is at rest makes a folder.
        if (isMoving || (await changedAt(join(jobDir, "runs"))) !== runsAt) due.push(jobDir);
      }
      await refreshJobs(due);
    },
    async load(dir) {
      const read = await readJob(dirname(dirname(dir)));
      const found = read?.runs.find((run) => run.dir === dir);
      const run = found && runOf(found.events);
      if (!found || !run) throw new Error(`The run in ${dir} is no longer there.`);
      return { run, events: found.events, problems: [...found.problems, ...(read?.problems ?? [])] };
    },
  };
}

function rowOf(foreign: ForeignRun, source: string): Row[] {
  const { dir, events, sourceRunIds } = foreign;
  const run = runOf(events);
  if (!run) return [];
  const isOpen = run.status === "running";
  return [{ summary: { ...summarizeRun(run, { dir, isHere: false }), source }, sourceRunIds, isOpen }];
}

/** When the run folders that are not ours, and a folder of checkpoints, last changed. */
async function timesOf(jobDir: string, isOurs: (dir: string) => boolean): Promise<Map<string, number>> {
  const places = (await listRunsOfJob(jobDir)).filter(({ dir }) => !isOurs(dir));
  const folders = [...places.map(({ dir, runId }) => [runId, dir]), ["checkpoints/", join(jobDir, "checkpoints")]];
  const times = new Map<string, number>();
  await Promise.all(
    folders.map(async ([name = "", dir = ""]) => {
      const at = await changedAt(dir);
      if (at !== undefined) times.set(name, at);
    }),
  );
  return new Map([...times].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function changedAt(dir: string): Promise<number | undefined> {
  const stats = await stat(dir).catch(() => undefined);
  return stats?.isDirectory() ? stats.mtimeMs : undefined;
}

/** The formats are loaded with the first folder that may need them. */
async function readJob(jobDir: string): Promise<ForeignRuns | undefined> {
  const { readForeignJob } = await import("./deferred");
  return await readForeignJob(jobDir);
}
