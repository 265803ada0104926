/** The executions of a node in its step: readied, started and ended, one item each. */
import { assertNever } from "../base/errors";
import type { EventOf } from "./events";
import type { NodeItem, Run, Step } from "./run";

type NodeEvent = EventOf<"readyNode" | "startNode" | "finishNode" | "failNode" | "skipNode">;

export function applyNode(step: Step, event: NodeEvent): void {
  step.node ??= event.node;
  const item = openNode(step, event) ?? addNode(step, event);
  item.seq = event.seq;
  switch (event.type) {
    case "readyNode":
      return;
    case "startNode":
      item.state = "running";
      item.startedAt = event.timestamp;
      return;
    case "finishNode":
      item.state = "finished";
      if (event.isCached) item.isCached = true;
      if (event.usage) item.usage = event.usage;
      if (event.cost !== undefined) item.cost = event.cost;
      break;
    case "failNode":
      item.state = "failed";
      item.reason = event.reason;
      break;
    case "skipNode":
      item.state = "skipped";
      item.reason = event.reason;
      if (event.isInferred) item.isInferred = true;
      break;
    default:
      assertNever(event);
  }
  item.finishedAt = event.timestamp;
  step.openNodes = (step.openNodes ?? 1) - 1;
  if (step.openNodes > 0) return;
  delete step.openNodes;
  step.finishedAt = event.timestamp;
}

/** There is one at the most, and where none is open there is nothing to look through: a list may have very many items. */
function openNode(step: Step, { node, iteration }: NodeEvent): NodeItem | undefined {
  if (step.openNodes === undefined) return undefined;
  return step.items.findLast(
    (each): each is NodeItem =>
      each.kind === "node" && each.node === node && each.iteration === iteration && each.finishedAt === undefined,
  );
}

function addNode(step: Step, { seq, node, iteration, phase }: NodeEvent): NodeItem {
  const place = { ...(iteration !== undefined && { iteration }), ...(phase !== undefined && { phase }) };
  const item: NodeItem = { kind: "node", seq, node, state: "ready", ...place };
  step.items.push(item);
  step.openNodes = (step.openNodes ?? 0) + 1;
  delete step.finishedAt;
  return item;
}

/** Whether nothing was done in it: a node that was skipped, or never had its turn. */
export function isUntouched({ node, items }: Step): boolean {
  return (
    node !== undefined &&
    items.every((item) => item.kind !== "node" || item.state === "skipped" || item.state === "ready")
  );
}

/** The steps in which something was done, those included that are not there. */
export function countSteps({ steps, omitted }: Pick<Run, "steps" | "omitted">): number {
  return steps.reduce((count, step) => (isUntouched(step) ? count : count + 1), omitted?.count ?? 0);
}
