/** The nodes of the Runs view: each the same object for as long as the view lives, as the editor knows a row by it. */
import type { LoadedRun, RunDocument } from "../../app/runIndex";
import type { StepItem } from "../../model/run";
import { stepAt } from "../../model/stepAt";

export type RunNode =
  | JobNode
  | GroupNode
  | SourceNode
  | RunRowNode
  | StepNode
  | ItemNode
  | CheckpointNode
  | ProblemNode
  | SourceProblemNode
  | DocumentNode;

export interface JobNode {
  kind: "job";
  id: string;
  /** The job's folder, or what else it is known by. */
  jobDir: string;
}
/** What holds runs of another system together. */
export interface GroupNode {
  kind: "group";
  id: string;
  key: string;
}
/** A place of another system's without a run in it that can be shown. */
export interface SourceNode {
  kind: "source";
  id: string;
  path: string;
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

export interface SourceProblemNode {
  kind: "sourceProblem";
  id: string;
  path: string;
  index: number;
}
/** A file that a person may want to read. */
export interface DocumentNode {
  kind: "document";
  id: string;
  owner: RunRowNode | GroupNode;
  label: string;
  /** Absolute path. */
  file: string;
}

/** What is there by now; nodes of anything else are forgotten. */
export interface Present {
  dirs: ReadonlySet<string>;
  jobDirs: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  sources: ReadonlySet<string>;
}

export class RunNodes {
  private readonly nodes = new Map<string, RunNode>();

  job(jobDir: string): JobNode {
    return this.keep({ kind: "job", id: `job:${jobDir}`, jobDir });
  }

  group(key: string): GroupNode {
    return this.keep({ kind: "group", id: `group:${key}`, key });
  }

  source(path: string): SourceNode {
    return this.keep({ kind: "source", id: `source:${path}`, path });
  }

  sourceProblem(path: string, index: number): SourceProblemNode {
    return this.keep({ kind: "sourceProblem", id: `sourceProblem:${path}:${index}`, path, index });
  }

  documentsOf(owner: RunRowNode | GroupNode, documents: readonly RunDocument[]): DocumentNode[] {
    return documents.map(({ label, file }) =>
      this.keep({ kind: "document", id: `document:${owner.id}:${label}:${file}`, owner, label, file }),
    );
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

  stepsOf(dir: string, { run, problems, documents = [] }: LoadedRun): RunNode[] {
    return [
      ...(run.preparation.length > 0 ? [this.step(dir, 0)] : []),
      ...run.steps.map(({ step }) => this.step(dir, step)),
      ...this.documentsOf(this.run(dir), documents),
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

  /** Forgets what belongs to runs and places that are gone. */
  retain(present: Present): void {
    for (const [id, node] of this.nodes) if (!isPresent(node, present)) this.nodes.delete(id);
  }

  private keep<T extends RunNode>(node: T): T {
    const known = this.nodes.get(node.id);
    // An id begins with the kind of its node, so what is found is of the same kind.
    if (known) return known as T;
    this.nodes.set(node.id, node);
    return node;
  }
}

function isPresent(node: RunNode, present: Present): boolean {
  switch (node.kind) {
    case "job":
      return present.jobDirs.has(node.jobDir);
    case "group":
      return present.groups.has(node.key);
    case "source":
    case "sourceProblem":
      return present.sources.has(node.path);
    case "document":
      return isPresent(node.owner, present);
    default:
      return present.dirs.has(node.dir);
  }
}

/** A delegation's begin and end: the row of its call, with the delegate's run under it, says the same. */
export function isToldByCall(item: StepItem, items: readonly StepItem[]): boolean {
  if (item.kind !== "note") return false;
  const { event } = item;
  if (event.type !== "startDelegation" && event.type !== "finishDelegation") return false;
  return items.some((each) => each.kind === "toolCall" && each.childRunId === event.childRunId);
}
