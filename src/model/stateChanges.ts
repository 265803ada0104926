/** What a run changed in the state of its workflow: each field as it was before, and as it was left. */
import type { Run } from "./run";

export interface StateChange {
  field: string;
  /** Absent where it was not recorded, or there was none. */
  before?: unknown;
  after?: unknown;
  /** The nodes that wrote it, in their order. */
  nodes: string[];
}

/** In the order in which the fields were first written. */
export function stateChanges(run: Run): StateChange[] {
  const changes = new Map<string, StateChange>();
  const writes = run.steps
    .flatMap(({ items }) => items)
    .flatMap((item) => (item.kind === "note" && item.event.type === "writeState" ? [item.event] : []))
    .sort((a, b) => a.seq - b.seq);
  for (const { field, node, value, previous } of writes) {
    const known = changes.get(field) ?? { field, ...(previous !== undefined && { before: previous }), nodes: [] };
    if (!known.nodes.includes(node)) known.nodes.push(node);
    if (value === undefined) delete known.after;
    else known.after = value;
    changes.set(field, known);
  }
  return [...changes.values()];
}
