/** The nodes of the Runs view: each the same object for as long as it is shown, as the editor knows a row by it. */
import type { RunDocument } from "../../app/runIndex";
import type { Direction } from "./listWindow";

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
  | DocumentNode
  | MoreNode;

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

/** What of a long list is not shown: chosen, it shows more of it. */
export interface MoreNode {
  kind: "more";
  id: string;
  /** Whose list it is; absent: the view's own. */
  parent?: RunNode;
  /** As `ListWindows` knows it. */
  list: string;
  to: Direction | "newest";
  /** How many that is; absent: nobody knows. */
  left?: number;
  /** Whether how many come at once depends on how large they are. */
  isSized?: boolean;
  newest: "first" | "last";
  of: MoreOf;
}
export type MoreOf = "row" | "run" | "step" | "event";

export class RunNodes {
  private readonly nodes = new Map<string, RunNode>();
  /** By the id of the row that they are below. */
  private readonly lists = new Map<string, readonly RunNode[]>();
  private readonly owners = new WeakMap<RunNode, string>();

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

  more({ parent, list, to, ...more }: Omit<MoreNode, "kind" | "id">): MoreNode {
    const node = this.keep<MoreNode>({ kind: "more", id: `more:${to}:${list}`, list, to, ...more });
    // How much that is changes while it is shown.
    return Object.assign(node, parent && { parent }, { left: undefined }, more);
  }

  /** The children that the node has from now on: what was shown below it and is not any more is forgotten. */
  list(parent: RunNode | undefined, children: readonly RunNode[]): void {
    const id = parent?.id ?? "";
    const before = this.lists.get(id) ?? [];
    this.lists.set(id, children);
    for (const child of children) this.owners.set(child, id);
    const now = new Set(children);
    for (const child of before) if (!now.has(child)) this.forget(child, id);
  }

  /** How many it knows. */
  get size(): number {
    return this.nodes.size;
  }

  private forget(node: RunNode, owner: string): void {
    // By now it may be shown at another place.
    if (this.owners.get(node) !== owner) return;
    if (this.nodes.get(node.id) === node) this.nodes.delete(node.id);
    const children = this.lists.get(node.id) ?? [];
    this.lists.delete(node.id);
    for (const child of children) this.forget(child, node.id);
  }

  private keep<T extends RunNode>(node: T): T {
    const known = this.nodes.get(node.id);
    // An id begins with the kind of its node, so what is found is of the same kind.
    if (known) return known as T;
    this.nodes.set(node.id, node);
    return node;
  }
}
