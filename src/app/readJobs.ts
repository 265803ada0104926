/** Looks for the jobs of a workspace and reads their runs of ours as rows: what the run index does away from its thread. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../base/errors";
import { type Run, runOf } from "../model/run";
import { isAlive } from "../store/isAlive";
import { journalStampOf } from "../store/journalStamp";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import { jobFoldersAt, listJobFolders, listRunsOfJob } from "../store/runFolders";
import type { LogTask } from "./logTasks";
import type { RunSummary } from "./runIndex";
import { summarizeRun } from "./summarizeRun";

export interface JobPlace {
  jobDir: string;
  /** Beyond the workspace folders: where it was looked for. */
  root?: string;
}

/** A run, and how its journal stood when it was read last. */
export interface KnownRun {
  dir: string;
  stamp?: string;
  /** Whether it went on then: whoever was at work on it may be gone. */
  isRunning?: boolean;
}

/**
 * none: no run of ours is there, or not yet · same: nothing changed · left: the same, but nobody is at work on it any more ·
 * failed: it cannot be told.
 */
export type RunReading = { dir: string } & (
  | { kind: "none" | "same" | "left" }
  | { kind: "read"; stamp: string; summary: RunSummary }
  | { kind: "failed"; reason: string }
);

export interface JobReading {
  jobDir: string;
  /** The folders of its runs of ours. */
  runs: readonly string[];
  /** Whether there is something that another system may know. */
  hasOther: boolean;
}

export interface JobToRead {
  jobDir: string;
  known: readonly KnownRun[];
}

export interface JobReader {
  /** Those that changed last come first, where that is wanted. */
  listJobs: LogTask<{ folders: readonly string[]; roots: readonly string[]; isSorted: boolean }, JobPlace[]>;
  /** Reads the runs that do not stand as they are known: those are told ahead. A job that cannot be read is left out. */
  readJobs: LogTask<{ jobs: readonly JobToRead[] }, JobReading[], RunReading[]>;
  readRuns: LogTask<{ runs: readonly KnownRun[] }, RunReading[]>;
}

/** Files looked at and read side by side. */
const width = 8;
/** Rows told at once: taking more would hold up the thread that asked. */
const rowsPerPart = 100;
const partIntervalMs = 50;

export function createJobReader(): JobReader {
  const read = async (known: KnownRun): Promise<RunReading> => {
    const { dir } = known;
    try {
      const stamp = await journalStampOf(dir);
      if (stamp === undefined) return { dir, kind: "none" };
      if (known.stamp === stamp) return { dir, kind: known.isRunning && !(await isAlive(dir)) ? "left" : "same" };
      const run = await readRun(dir);
      if (!run) return { dir, kind: "none" };
      const status = run.status === "running" && !(await isAlive(dir)) ? "unknown" : run.status;
      return { dir, kind: "read", stamp, summary: summarizeRun(run, { dir, isHere: false, status }) };
    } catch (error) {
      return { dir, kind: "failed", reason: messageOf(error) };
    }
  };
  return {
    async listJobs({ folders, roots, isSorted }, { signal }) {
      const places: JobPlace[] = [];
      for (const folder of folders) places.push(...(await listJobFolders(folder)).map((jobDir) => ({ jobDir })));
      for (const root of roots) places.push(...(await jobFoldersAt(root)).map((jobDir) => ({ jobDir, root })));
      if (!isSorted) return places;
      const times = new Map<string, number>();
      await eachOf(places, signal, async ({ jobDir }) => {
        times.set(jobDir, (await stat(jobDir).catch(() => undefined))?.mtimeMs ?? 0);
      });
      return places.sort((a, b) => (times.get(b.jobDir) ?? 0) - (times.get(a.jobDir) ?? 0));
    },
    async readJobs({ jobs }, { signal, emit }) {
      const readings = new Map<string, JobReading>();
      let rows: RunReading[] = [];
      let toldAt = performance.now();
      const tell = () => {
        if (rows.length > 0) emit(rows);
        rows = [];
        toldAt = performance.now();
      };
      const readJob = async ({ jobDir, known }: JobToRead) => {
        const byDir = new Map(known.map((run) => [run.dir, run]));
        const runs: string[] = [];
        let hasOther = await hasCheckpoints(jobDir);
        for (const { dir } of await listRunsOfJob(jobDir)) {
          signal.throwIfAborted();
          const reading = await read(byDir.get(dir) ?? { dir });
          if (reading.kind === "none") hasOther = true;
          else runs.push(dir);
          if (reading.kind !== "none" && reading.kind !== "same") rows.push(reading);
          if (rows.length >= rowsPerPart || performance.now() - toldAt > partIntervalMs) tell();
        }
        readings.set(jobDir, { jobDir, runs, hasOther });
      };
      await eachOf(jobs, signal, async (job) => {
        try {
          await readJob(job);
        } catch (error) {
          signal.throwIfAborted();
          rows.push({ dir: job.jobDir, kind: "failed", reason: messageOf(error) });
        }
      });
      tell();
      return jobs.flatMap(({ jobDir }) => readings.get(jobDir) ?? []);
    },
    async readRuns({ runs }, { signal }) {
      const readings = new Map<string, RunReading>();
      await eachOf(runs, signal, async (run) => void readings.set(run.dir, await read(run)));
      return runs.flatMap(({ dir }) => readings.get(dir) ?? []);
    },
  };
}

/** `undefined` where no event has been recorded. */
async function readRun(dir: string): Promise<Run | undefined> {
  return runOf((await readJournal(layout.journal(dir))).events);
}

/** Perstack has them beside the runs. */
async function hasCheckpoints(jobDir: string): Promise<boolean> {
  return (await stat(join(jobDir, "checkpoints")).catch(() => undefined))?.isDirectory() ?? false;
}

/** Throws where the signal is aborted. */
async function eachOf<T>(items: readonly T[], signal: AbortSignal, action: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) {
      signal.throwIfAborted();
      await action(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
