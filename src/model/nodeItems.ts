/** The executions of a node in its step: readied, started and ended, one item each. */
import { assertNever } from "../base/errors";
import type { EventOf } from "./events";
import type { NodeItem, Step } from "./run";

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
  if (step.items.every((each) => each.kind !== "node" || each.finishedAt !== undefined)) {
    step.finishedAt = event.timestamp;
  }
}

function openNode(step: Step, { node, iteration }: NodeEvent): NodeItem | undefined {
  return step.items.find(
    (each): each is NodeItem =>
      each.kind === "node" && each.node === node && each.iteration === iteration && each.finishedAt === undefined,
  );
}

function addNode(step: Step, { seq, node, iteration, phase }: NodeEvent): NodeItem {
  const place = { ...(iteration !== undefined && { iteration }), ...(phase !== undefined && { phase }) };
  const item: NodeItem = { kind: "node", seq, node, state: "ready", ...place };
  step.items.push(item);
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

/** The steps in which something was done. */
export function countSteps(steps: readonly Step[]): number {
  return steps.filter((step) => !isUntouched(step)).length;
}
