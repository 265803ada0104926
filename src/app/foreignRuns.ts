/** The runs of other systems in the job folders of a workspace: read again when their folders change, shown like ours. */
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runOf } from "../model/run";
import { listRunsOfJob } from "../store/runFolders";
import { ForeignUnit, fewProblems, type PartStamp, rowsOf, type UnitPorts } from "./foreignUnit";
import type { ForeignReading } from "./readForeign";
import type { LoadedRun } from "./runIndex";

export interface ForeignRunIndex {
  has(dir: string): boolean;
  /** Changes whenever the files of its job do; `undefined` where the run is not another system's. */
  stampOf(dir: string): string | undefined;
  /**
   * @param due those that may have runs: they are read where they changed, like those that are known to have some
   * @param isThere whether there is such a job; default: those that are due
   */
  refresh(due: readonly string[], isThere?: (jobDir: string) => boolean): Promise<void>;
  /** The same for some jobs. */
  lookAt(jobDirs: readonly string[]): Promise<void>;
  /** A cheap look at the known jobs. */
  check(): Promise<void>;
  load(dir: string): Promise<LoadedRun>;
}

export interface ForeignRunIndexOptions extends UnitPorts {
  /** Whether the run in the folder is one of ours. */
  isOurs(dir: string): boolean;
  onError(error: unknown): void;
}

interface Job {
  unit: ForeignUnit;
  /** When the folder that holds the run folders last changed. */
  runsAt: number | undefined;
}

/** Jobs read side by side. */
const width = 4;

export function createForeignRunIndex(options: ForeignRunIndexOptions): ForeignRunIndex {
  const { isOurs, onError } = options;
  const jobs = new Map<string, Job>();
  const jobOf = new Map<string, string>();
  let hasLooked = false;

  const ports: UnitPorts = {
    ...options,
    forget(dir) {
      jobOf.delete(dir);
      options.forget(dir);
    },
  };
  const refreshJob = async (jobDir: string): Promise<void> => {
    const known = jobs.get(jobDir);
    const runsAt = (await lookAt(join(jobDir, "runs")))?.modifiedAt;
    const parts = await partsOf(jobDir, isOurs);
    if (known) known.runsAt = runsAt;
    if (known?.unit.isRead(parts)) return known.unit.show();
    const read = parts.size === 0 ? undefined : await readJob(jobDir);
    const more = { source: read?.format ?? "", sourceLabel: read?.label ?? "" };
    const rows = (read?.runs ?? []).flatMap((run) => rowsOf(run, more, (part) => run.sourceRunIds.includes(part)));
    const unit = known?.unit ?? new ForeignUnit(ports);
    if (parts.size === 0) jobs.delete(jobDir);
    else jobs.set(jobDir, { unit, runsAt });
    unit.take(parts, rows, known !== undefined || hasLooked);
    for (const dir of unit.dirs) jobOf.set(dir, jobDir);
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
    stampOf: (dir) => jobs.get(jobOf.get(dir) ?? "")?.unit.stamp,
    async refresh(due, isThere = (jobDir) => due.includes(jobDir)) {
      for (const [jobDir, { unit }] of jobs) {
        if (isThere(jobDir)) continue;
        unit.drop();
        jobs.delete(jobDir);
      }
      await refreshJobs([...new Set([...due, ...jobs.keys()])]);
      hasLooked = true;
    },
    lookAt: refreshJobs,
    async check() {
      const due: string[] = [];
      for (const [jobDir, { unit, runsAt }] of jobs) {
        // A run that begins in a job that is at rest makes a folder.
        const isDue = unit.isMoving || (await lookAt(join(jobDir, "runs")))?.modifiedAt !== runsAt;
        if (isDue) due.push(jobDir);
      }
      await refreshJobs(due);
    },
    async load(dir) {
      const read = await readJob(dirname(dirname(dir)));
      const found = read?.runs.find((run) => run.dir === dir);
      const run = found && runOf(found.events);
      if (!found || !run) throw new Error(`The run in ${dir} is no longer there.`);
      return { run, events: found.events, problems: fewProblems([...found.problems, ...(read?.problems ?? [])]) };
    },
  };
}

/** How the run folders that are not ours, and a folder of checkpoints, stand. */
async function partsOf(jobDir: string, isOurs: (dir: string) => boolean): Promise<Map<string, PartStamp>> {
  const places = (await listRunsOfJob(jobDir)).filter(({ dir }) => !isOurs(dir));
  const folders = [...places.map(({ dir, runId }) => [runId, dir]), ["checkpoints/", join(jobDir, "checkpoints")]];
  const parts = new Map<string, PartStamp>();
  await Promise.all(
    folders.map(async ([name = "", dir = ""]) => {
      const stamp = await lookAt(dir);
      if (stamp) parts.set(name, stamp);
    }),
  );
  return new Map([...parts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function lookAt(dir: string): Promise<PartStamp | undefined> {
  const stats = await stat(dir).catch(() => undefined);
  return stats?.isDirectory() ? { modifiedAt: stats.mtimeMs, size: 0 } : undefined;
}

/** The formats are loaded with the first folder that may need them. */
async function readJob(jobDir: string): Promise<ForeignReading | undefined> {
  const { readForeignJob } = await import("./deferred");
  return await readForeignJob(jobDir);
}
