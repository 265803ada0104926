/** The nodes of the Runs view: each the same object for as long as the view lives, as the editor knows a row by it. */
import type { LoadedRun } from "../../app/runIndex";
import type { StepItem } from "../../model/run";
import { stepAt } from "../../model/stepAt";

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
/** Step 0 is what happened before the first one. */
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
      ...(run.preparation.length > 0 ? [this.step(dir, 0)] : []),
      ...run.steps.map(({ step }) => this.step(dir, step)),
      ...problems.map((_, index) => this.problem(dir, index)),
    ];
  }

  itemsOf(dir: string, step: number, { run }: LoadedRun): RunNode[] {
    const found = stepAt(run, step);
    if (!found) return [];
    const shown = found.items.filter((item) => !isToldByCall(item, found.items));
    const items: RunNode[] = shown.map(({ seq }) => this.item(dir, step, seq));
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

/** A delegation's begin and end: the row of its call, with the delegate's run under it, says the same. */
export function isToldByCall(item: StepItem, items: readonly StepItem[]): boolean {
  if (item.kind !== "note") return false;
  const { event } = item;
  if (event.type !== "startDelegation" && event.type !== "finishDelegation") return false;
  return items.some((each) => each.kind === "toolCall" && each.childRunId === event.childRunId);
}
