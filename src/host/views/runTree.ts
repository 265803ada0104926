/** The nodes of the Runs view: which there are, under what, each the same object for as long as the view lives. */
import type { LoadedRun, RunSummary } from "../../app/runIndex";

export type RunNode = JobNode | RunRowNode | StepNode | ItemNode | CheckpointNode | ProblemNode;

export interface JobNode {
  kind: "job";
  id: string;
  /** The job's folder. */
  jobDir: string;
}
export interface RunRowNode {
  kind: "run";
  id: string;
  dir: string;
}
export interface StepNode {
  kind: "step";
  id: string;
  dir: string;
  step: number;
}
export interface ItemNode {
  kind: "item";
  id: string;
  dir: string;
  step: number;
  seq: number;
}
export interface CheckpointNode {
  kind: "checkpoint";
  id: string;
  dir: string;
  step: number;
}
export interface ProblemNode {
  kind: "problem";
  id: string;
  dir: string;
  index: number;
}

/** A job with its runs, newest first. */
export interface Job {
  jobDir: string;
  runs: RunSummary[];
}

/** `…/jobs/{jobId}` of `…/jobs/{jobId}/runs/{runId}`. */
export function jobDirOf(runDir: string): string {
  return runDir.replace(/[\\/]runs[\\/][^\\/]+[\\/]?$/u, "");
}

/** The folder that holds `perstack/jobs/…`: what paths in a run are relative to. */
export function workspaceOf(runDir: string): string {
  return runDir.replace(/[\\/]perstack[\\/]jobs[\\/].*$/u, "");
}

/** @param runs newest first; so are the jobs, by their newest run. */
export function jobsOf(runs: readonly RunSummary[]): Job[] {
  const jobs = new Map<string, Job>();
  for (const run of runs) {
    const jobDir = jobDirOf(run.dir);
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

export function delegatedRuns(job: Job, run: RunSummary): RunSummary[] {
  return job.runs.filter(({ parentRunId }) => parentRunId === run.runId).reverse();
}

/** Makes nodes and remembers them: the editor knows a row by its object. */
export class RunNodes {
  private readonly nodes = new Map<string, RunNode>();

  job(jobDir: string): JobNode {
    return this.keep({ kind: "job", id: `job:${jobDir}`, jobDir });
  }

  run(dir: string): RunRowNode {
    return this.keep({ kind: "run", id: `run:${dir}`, dir });
  }

  step(dir: string, step: number): StepNode {
    return this.keep({ kind: "step", id: `step:${dir}:${step}`, dir, step });
  }

  item(dir: string, step: number, seq: number): ItemNode {
    return this.keep({ kind: "item", id: `item:${dir}:${seq}`, dir, step, seq });
  }

  checkpoint(dir: string, step: number): CheckpointNode {
    return this.keep({ kind: "checkpoint", id: `checkpoint:${dir}:${step}`, dir, step });
  }

  problem(dir: string, index: number): ProblemNode {
    return this.keep({ kind: "problem", id: `problem:${dir}:${index}`, dir, index });
  }

  stepsOf(dir: string, { run, problems }: LoadedRun): RunNode[] {
    return [
      ...run.steps.map(({ step }) => this.step(dir, step)),
      ...problems.map((_, index) => this.problem(dir, index)),
    ];
  }

  itemsOf(dir: string, step: number, { run }: LoadedRun): RunNode[] {
    const found = run.steps.find((each) => each.step === step);
    if (!found) return [];
    const items: RunNode[] = found.items.map(({ seq }) => this.item(dir, step, seq));
    return found.checkpointId === undefined ? items : [...items, this.checkpoint(dir, step)];
  }

  /** Forgets what belongs to runs that are gone. */
  retain(dirs: ReadonlySet<string>, jobDirs: ReadonlySet<string>): void {
    for (const [id, node] of this.nodes) {
      if (node.kind === "job" ? !jobDirs.has(node.jobDir) : !dirs.has(node.dir)) this.nodes.delete(id);
    }
  }

  private keep<T extends RunNode>(node: T): T {
    const known = this.nodes.get(node.id);
    // An id begins with the kind of its node, so what is found is of the same kind.
    if (known) return known as T;
    this.nodes.set(node.id, node);
    return node;
  }
}

/** Under which node a row hangs; `undefined` at the top. */
export function parentOf(
  node: RunNode,
  nodes: RunNodes,
  find: (dir: string) => RunSummary | undefined,
  siblings: (jobDir: string) => readonly RunSummary[],
): RunNode | undefined {
  switch (node.kind) {
    case "job":
      return undefined;
    case "run": {
      const jobDir = jobDirOf(node.dir);
      const parentId = find(node.dir)?.parentRunId;
      const parent = parentId && siblings(jobDir).find(({ runId }) => runId === parentId);
      return parent ? nodes.run(parent.dir) : nodes.job(jobDir);
    }
    case "step":
    case "problem":
      return nodes.run(node.dir);
    default:
      return nodes.step(node.dir, node.step);
  }
}
