/** Which jobs are old enough to go, and letting them go; a job goes as a whole. */
import { lstat, realpath } from "node:fs/promises";
import { basename, sep } from "node:path";
import { codeOf, messageOf, UserError } from "../base/errors";
import { type JobStanding, measureFolder, readJobStanding } from "./jobStanding";
import { layout } from "./layout";
import { removeLeftovers } from "./removeFolder";
import { listJobFolders } from "./runFolders";

export interface RetentionRules {
  /** Since anything was last heard of the job. */
  olderThanMs: number;
  /** Jobs whose newest run failed stay. */
  keepFailed: boolean;
  /** Jobs that wait for an answer go too. */
  includeWaiting?: boolean;
  /** Unix ms. */
  now: number;
}

export interface OldJob extends Omit<JobStanding, "state"> {
  dir: string;
  jobId: string;
  bytes: number;
}

export interface KeptJob {
  dir: string;
  jobId: string;
  because: "recent" | "running" | "waiting" | "failed" | "unreadable";
}

export interface PrunePlan {
  root: string;
  rules: RetentionRules;
  /** Oldest first. */
  remove: OldJob[];
  kept: KeptJob[];
}

/** Changes nothing. Throws `UserError` where the jobs do not lie in the workspace folder. */
export async function planPrune(root: string, rules: RetentionRules): Promise<PrunePlan> {
  const plan: PrunePlan = { root, rules, remove: [], kept: [] };
  if (!(await holdsJobs(root))) return plan;
  for (const dir of await listJobFolders(root)) {
    const judged = await judge(dir, rules);
    if (typeof judged === "string") plan.kept.push({ dir, jobId: basename(dir), because: judged });
    else plan.remove.push(judged);
  }
  plan.remove.sort((a, b) => a.lastActivity - b.lastActivity);
  return plan;
}

export interface PruneResult {
  removed: OldJob[];
  /** What went on since the plan was made. */
  kept: KeptJob[];
  failed: { job: OldJob; reason: string }[];
}

/** Looks at each job once more, then removes it. One that cannot be removed does not keep the others. */
export async function prune(plan: PrunePlan, remove: (dir: string) => Promise<void>): Promise<PruneResult> {
  const { root, rules } = plan;
  const result: PruneResult = { removed: [], kept: [], failed: [] };
  if (!(await holdsJobs(root))) return result;
  await removeLeftovers(root);
  for (const job of plan.remove) {
    const judged = await judge(job.dir, rules);
    if (typeof judged === "string") {
      result.kept.push({ dir: job.dir, jobId: job.jobId, because: judged });
      continue;
    }
    try {
      await remove(job.dir);
      result.removed.push(judged);
    } catch (error) {
      result.failed.push({ job, reason: messageOf(error) });
    }
  }
  return result;
}

async function judge(dir: string, rules: RetentionRules): Promise<OldJob | KeptJob["because"]> {
  const { olderThanMs, keepFailed, includeWaiting = false, now } = rules;
  try {
    if (!(await lstat(dir)).isDirectory()) return "unreadable";
    const { state, ...job } = await readJobStanding(dir, now);
    if (state === "running") return "running";
    if (job.lastActivity >= now - Math.max(olderThanMs, shortestAge)) return "recent";
    if (state === "waiting" && !includeWaiting) return "waiting";
    if (state === "failed" && keepFailed) return "failed";
    return { ...job, dir, jobId: basename(dir), bytes: (await measureFolder(dir)).bytes };
  } catch (error) {
    if (codeOf(error) !== undefined) return "unreadable";
    throw error;
  }
}

/** A run that is just being started has a folder, but no record yet. */
const shortestAge = 60_000;

/** A link on the way must not lead out of the workspace: there nothing is ours to delete. */
async function holdsJobs(root: string): Promise<boolean> {
  const jobs = layout.jobs(root);
  try {
    const [realRoot, realJobs] = await Promise.all([realpath(root), realpath(jobs)]);
    if (realJobs.startsWith(realRoot + sep)) return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return false;
    throw error;
  }
  throw new UserError(`${jobs} leads out of the workspace folder ${root}: nothing is deleted there.`);
}
