/** What hangs under what in the Runs view: runs under their job, a delegate's under the call that it does. */
import type { RunGroup, RunSummary } from "../../app/runIndex";
import type { CheckpointNode, ItemNode, ProblemNode, RunNode, RunNodes, StepNode } from "./runNodes";

/** A job with its runs, newest first. */
export interface Job {
  /** Its folder, or what else it is known by. */
  jobDir: string;
  runs: RunSummary[];
}

/** `…/jobs/{jobId}` of `…/jobs/{jobId}/runs/{runId}`. */
export function jobDirOf(runDir: string): string {
  return runDir.replace(/[\\/]runs[\\/][^\\/]+[\\/]?$/u, "");
}

/**
 * What the runs have in common that belong together: the folder of their job; where they were looked for in a root, their
 * innermost group, else their job.
 */
export function jobKeyOf({ dir, jobId, root, source = "", groups = [] }: RunSummary): string {
  if (root === undefined || source === "") return jobDirOf(dir);
  return groups.length > 0 ? groupKeyOf(root, source, groups) : JSON.stringify([root, source, jobId]);
}

/** @param path the group with what it is in, outermost first */
export function groupKeyOf(root: string, source: string, path: readonly Pick<RunGroup, "id">[]): string {
  return JSON.stringify([root, source, ...path.map(({ id }) => id), "group"]);
}

/** @param runs newest first; so are the jobs, by their newest run. */
export function jobsOf(runs: readonly RunSummary[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const run of runs) {
    const jobDir = jobKeyOf(run);
    const job = jobs.get(jobDir);
    if (job) job.runs.push(run);
    else jobs.set(jobDir, { jobDir, runs: [run] });
  }
  return [...jobs.values()];
}

/** The runs right under the job: all but those that a run of the same job delegated to. */
export function topRuns(job: Job): RunSummary[] {
  const ids = new Set(job.runs.map(({ runId }) => runId));
  return job.runs.filter(({ parentRunId }) => parentRunId === undefined || !ids.has(parentRunId));
}

/** Oldest first. */
export function delegatedRuns(job: Job, run: RunSummary): RunSummary[] {
  return job.runs.filter(({ parentRunId }) => parentRunId === run.runId).reverse();
}

/** The run of the same job that delegated to this one. */
export function parentRunOf(run: RunSummary, runs: readonly RunSummary[]): RunSummary | undefined {
  if (run.parentRunId === undefined) return undefined;
  const jobKey = jobKeyOf(run);
  return runs.find((each) => each.runId === run.parentRunId && jobKeyOf(each) === jobKey);
}

/** The run that all of it began with: what stops, stops there. */
export function coordinatorOf(run: RunSummary, runs: readonly RunSummary[]): RunSummary {
  const seen = new Set<string>();
  let top = run;
  for (let up = parentRunOf(top, runs); up && !seen.has(up.dir); up = parentRunOf(top, runs)) {
    seen.add(up.dir);
    top = up;
  }
  return top;
}

/** What knows the calls of a run: of the part of it that is shown. */
export interface Caller {
  callOf(child: RunSummary): { step: number; seq: number } | undefined;
}

/** The runs that the run delegated to, by the event of the call that they do; those whose call is not known: `undefined`. */
export function delegatesByCall(job: Job, run: RunSummary, caller: Caller | undefined): Map<unknown, RunSummary[]> {
  return Map.groupBy(delegatedRuns(job, run), (child) => caller?.callOf(child)?.seq);
}

/** Under which node a run's row hangs. */
export function parentNodeOfRun(
  run: RunSummary,
  parent: { dir: string; caller: Caller | undefined } | undefined,
  nodes: RunNodes,
): RunNode {
  if (!parent) return run.groups ? nodes.group(jobKeyOf(run)) : nodes.job(jobKeyOf(run));
  const call = parent.caller?.callOf(run);
  return call ? nodes.item(parent.dir, call.step, call.seq) : nodes.run(parent.dir);
}

/** Under which node any other row hangs. */
export function parentNodeOf(node: StepNode | ItemNode | CheckpointNode | ProblemNode, nodes: RunNodes): RunNode {
  return node.kind === "step" || node.kind === "problem" ? nodes.run(node.dir) : nodes.step(node.dir, node.step);
}
