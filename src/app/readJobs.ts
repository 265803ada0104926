/** Looks for the jobs of a workspace and reads their runs of ours as rows: what the run index does away from its thread. */
import { existsSync, statSync } from "node:fs";
import { sep } from "node:path";
import { messageOf } from "../base/errors";
import { type Run, runOf } from "../model/run";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import { jobFoldersAt, listJobFolders } from "../store/runFolders";
import { SmallJournals } from "../store/smallJournals";
import type { LogTask, TaskContext } from "./logTasks";
import type { OpenLogs } from "./openLogs";
import { createPace } from "./pace";
import { partSizes } from "./readPart";
import { readSummary } from "./readSummary";
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
  /** It goes on where it is asked for: it is not looked at. */
  isHere?: boolean;
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
  /** Told in pieces; those that changed last come first, where that is wanted. */
  listJobs: LogTask<{ folders: readonly string[]; roots: readonly string[]; isSorted: boolean }, void, JobPlace[]>;
  /** Reads the runs that do not stand as they are known: those are told ahead. A job that cannot be read is left out. */
  readJobs: LogTask<{ jobs: readonly JobToRead[] }, JobReading[], RunReading[]>;
  readRuns: LogTask<{ runs: readonly KnownRun[] }, RunReading[]>;
}

/** Files looked at and read side by side. */
const width = 8;
/** Rows told at once: taking more would hold up the thread that asked. */
const rowsPerPart = 100;
const partIntervalMs = 50;
const placesPerPart = 1000;

type Context = Pick<TaskContext, "mayWrite" | "signal">;

/** @param isAlive whether somebody is at work on the run */
export function createJobReader(logs: OpenLogs, isAlive: (dir: string) => Promise<boolean>): JobReader {
  const journals = new SmallJournals();
  const read = async (known: KnownRun, context: Context): Promise<RunReading> => {
    const { dir } = known;
    if (known.isHere) return { dir, kind: "same" };
    try {
      const journal = journals.read(dir, known.stamp);
      if (!journal) return { dir, kind: "none" };
      const { stamp, size, events } = journal;
      if (known.stamp === stamp) return { dir, kind: known.isRunning && !(await isAlive(dir)) ? "left" : "same" };
      const run = events ? runOf(events) : await readRun(logs, dir, size, context);
      if (!run) return { dir, kind: "none" };
      const status = run.status === "running" && !(await isAlive(dir)) ? "unknown" : run.status;
      return { dir, kind: "read", stamp, summary: summarizeRun(run, { dir, isHere: false, status }) };
    } catch (error) {
      context.signal.throwIfAborted();
      return { dir, kind: "failed", reason: messageOf(error) };
    }
  };
  return {
    async listJobs({ folders, roots, isSorted }, { signal, emit }) {
      const places: JobPlace[] = [];
      for (const folder of folders) places.push(...(await listJobFolders(folder)).map((jobDir) => ({ jobDir })));
      for (const root of roots) places.push(...(await jobFoldersAt(root)).map((jobDir) => ({ jobDir, root })));
      if (isSorted) await sortByChange(places, signal);
      for (let at = 0; at < places.length; at += placesPerPart) emit(places.slice(at, at + placesPerPart));
    },
    async readJobs({ jobs }, context) {
      const { signal, emit } = context;
      const readings = new Map<string, JobReading>();
      let rows: RunReading[] = [];
      let toldAt = performance.now();
      const tell = () => {
        if (rows.length > 0) emit(rows);
        rows = [];
        toldAt = performance.now();
      };
      const pace = createPace(signal);
      const readJob = async ({ jobDir, known }: JobToRead) => {
        const byDir = new Map(known.map((run) => [run.dir, run]));
        const runs: string[] = [];
        // Perstack has its checkpoints beside the runs.
        let hasOther = existsSync(`${jobDir}${sep}checkpoints`);
        for (const dir of journals.list(jobDir)) {
          await pace();
          const reading = await read(byDir.get(dir) ?? { dir }, context);
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
    async readRuns({ runs }, context) {
      const readings = new Map<string, RunReading>();
      await eachOf(runs, context.signal, async (run) => void readings.set(run.dir, await read(run, context)));
      return runs.flatMap(({ dir }) => readings.get(dir) ?? []);
    },
  };
}

async function sortByChange(places: JobPlace[], signal: AbortSignal): Promise<void> {
  const pace = createPace(signal);
  const times = new Map<string, number>();
  for (const { jobDir } of places) {
    times.set(jobDir, changedAt(jobDir));
    await pace();
  }
  places.sort((a, b) => (times.get(b.jobDir) ?? 0) - (times.get(a.jobDir) ?? 0));
}

/** `undefined` where no event has been recorded. */
async function readRun(logs: OpenLogs, dir: string, size: number, context: Context): Promise<Run | undefined> {
  if (size > partSizes.longFrom) return await readSummary(logs, dir, context);
  return runOf((await readJournal(layout.journal(dir))).events);
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

/** 0 where it is not there any more. */
function changedAt(folder: string): number {
  try {
    return statSync(folder).mtimeMs;
  } catch {
    return 0;
  }
}
