/** What goes when a run or a job is deleted, and how the user is asked. */
import type { RunSummary } from "../app/runIndex";
import { formatCount } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { jobDirOf } from "./views/runTree";

export interface Deletion {
  what: "run" | "job";
  jobDir: string;
  /** The one that was pointed at, or the job's first, before those that go with it. */
  runs: [RunSummary, ...RunSummary[]];
}

/**
 * With a run goes all that it delegated. Perstack's runs are spread over several folders and share their checkpoints: of
 * them only the whole job goes. `undefined` where the run is not there any more, in no job's folder, or only there to be
 * looked at.
 */
export function deletionOfRun(all: readonly RunSummary[], dir: string): Deletion | undefined {
  const run = all.find((each) => each.dir === dir && each.root === undefined);
  const jobDir = jobDirOf(dir);
  if (!run || jobDir === dir) return undefined;
  if (run.source !== undefined) return deletionOfJob(all, jobDir);
  const others = all.filter((each) => each !== run && jobDirOf(each.dir) === jobDir);
  const found: [RunSummary, ...RunSummary[]] = [run];
  // It grows while it is walked: delegates delegate too.
  for (const { runId } of found) {
    found.push(...others.filter((each) => each.parentRunId === runId && !found.includes(each)));
  }
  return { what: "run", jobDir, runs: found };
}

export function deletionOfJob(all: readonly RunSummary[], jobDir: string): Deletion | undefined {
  const ofJob = all
    .filter(({ dir, root }) => root === undefined && jobDirOf(dir) === jobDir)
    .sort((a, b) => a.startedAt - b.startedAt);
  const [first, ...more] = ofJob;
  return first && { what: "job", jobDir, runs: [first, ...more] };
}

/** The one that keeps it from being deleted. */
export function runningOf({ runs }: Deletion): RunSummary | undefined {
  return runs.find(({ status }) => status === "running");
}

/**
 * The folders that go: the job's where nothing would be left in it.
 * @param present ids of the runs that lie in the job's folder, those that cannot be read included
 */
export function foldersOf({ what, jobDir, runs }: Deletion, present: readonly string[]): string[] {
  const going = new Set(runs.map(({ runId }) => runId));
  const isWhole = what === "job" || present.every((runId) => going.has(runId));
  return isWhole ? [jobDir] : runs.map(({ dir }) => dir);
}

export interface DeletionQuestion {
  message: string;
  detail: string;
  button: string;
}

export function questionOf({ what, runs }: Deletion, hasTrash: boolean): DeletionQuestion {
  const [first, ...more] = runs;
  const experts = [...new Set(runs.map(({ expertKey }) => expertKey))].join(", ");
  const query = `“${oneLine(first.query, 200)}”`;
  const rest =
    what === "job"
      ? `The job has ${formatCount(runs.length, "run")}, of ${experts}.`
      : more.length > 0
        ? `With it ${more.length === 1 ? "goes" : "go"} ${formatCount(more.length, "run")} that it delegated.`
        : "";
  const undo = hasTrash
    ? "You can restore it from the trash."
    : "This cannot be undone: where it lies there is no trash.";
  return {
    message: what === "job" ? `Delete the job ${query}?` : `Delete the run of ${oneLine(first.expertKey, 100)}?`,
    detail: [what === "run" ? query : "", rest, undo].filter(Boolean).join("\n"),
    button: hasTrash ? "Move to Trash" : "Delete",
  };
}
