/** The rows of a workflow's nodes: each execution, and what a step that is about a node says of all of them. */
import { assertNever } from "../../base/errors";
import { gradeOfStep } from "../../model/failures";
import { oneLine } from "../../model/plainText";
import type { NodeItem, Run, Step } from "../../model/run";
import {
  joinParts,
  type Row,
  type RowIcon,
  type RowStatus,
  statusIcon,
  statusOfGrade,
  statusWords,
  tokensOf,
} from "./row";
import { knownDuration } from "./runRows";

export const cachedIcon: RowIcon = { id: "archive", color: "charts.blue" };

/** One execution of a node: an item of its list, an attempt, or all there was of it. */
export function nodeRow(item: NodeItem, isRunGoing: boolean): Row {
  const status = nodeStatus(item, isRunGoing);
  const { startedAt, finishedAt, iteration, reason } = item;
  const took = startedAt === undefined || finishedAt === undefined ? undefined : finishedAt - startedAt;
  const duration = knownDuration(took);
  const tokens = tokensOf(item.usage?.totalTokens);
  const label = iteration === undefined ? item.node : `${item.node} #${iteration}`;
  const why = oneLine(reason ?? "", 120);
  const told = item.isCached ? "cached" : item.isInferred ? joinParts("never ran", why) : why;
  return {
    label,
    description: joinParts(told, duration, item.isCached && tokens ? `${tokens}, not counted again` : tokens),
    icon: item.isCached ? cachedIcon : statusIcon(status),
    context: ["item", "node", status],
    children: "none",
    spoken: joinParts(label, statusWords(status), told, duration, tokens),
  };
}

/** How a step about a node stands; where something was done in it and nothing says more, as its failures tell. */
export function statusOfNodes(run: Run, step: Step): RowStatus | undefined {
  const nodes = nodesOf(step);
  if (nodes.length === 0) return undefined;
  const statuses = nodes.map((node) => nodeStatus(node, run.status === "running"));
  const grade = gradeOfStep(run, step);
  if (grade !== undefined) return statusOfGrade(grade);
  const alike = (["skipped", "queued", "unknown"] as const).find((status) => statuses.every((each) => each === status));
  if (alike !== undefined) return alike;
  return (["running", "unknown"] as const).find((status) => statuses.includes(status)) ?? "ok";
}

/** "cached" where all of it was; what of it was where some of it was not. */
export function cachedWords(step: Step): string | undefined {
  const nodes = nodesOf(step);
  return nodes.length > 0 && nodes.every(({ isCached }) => isCached) ? "cached" : undefined;
}

/** What a step about a node did: why it was skipped or failed, or how often it was executed. */
export function nodeWords(step: Step): string {
  const nodes = nodesOf(step);
  const [first, ...more] = nodes;
  if (!first) return "";
  const reason = oneLine(nodes.findLast((node) => node.reason !== undefined)?.reason ?? "", 120);
  if (nodes.every(({ state }) => state === "skipped")) {
    return joinParts(nodes.every(({ isInferred }) => isInferred) ? "never ran" : "skipped", reason);
  }
  const isFailed = nodes.at(-1)?.state === "failed";
  const cached = nodes.filter(({ isCached }) => isCached).length;
  return joinParts(
    more.length > 0 ? `${nodes.length} times` : undefined,
    cached > 0 && cached < nodes.length ? `${cached} cached` : undefined,
    isFailed ? reason : undefined,
  );
}

export function phaseOf(step: Step): string | undefined {
  const phase = nodesOf(step).find((node) => node.phase !== undefined)?.phase;
  return phase === undefined ? undefined : oneLine(phase, 60);
}

/** Of what was spent now: what came from the cache was spent then. */
export function usageOfNodes(step: Step): number | undefined {
  const spent = nodesOf(step).flatMap(({ isCached, usage }) => (usage && !isCached ? [usage.totalTokens] : []));
  return spent.length === 0 ? undefined : spent.reduce((sum, tokens) => sum + tokens, 0);
}

function nodesOf(step: Step): NodeItem[] {
  return step.items.filter((item) => item.kind === "node");
}

/** What begins in a run that nobody is known to go on with may or may not have ended. */
function nodeStatus({ state }: NodeItem, isRunGoing: boolean): RowStatus {
  switch (state) {
    case "ready":
      return isRunGoing ? "queued" : "unknown";
    case "running":
      return isRunGoing ? "running" : "unknown";
    case "finished":
      return "ok";
    case "failed":
      return "blocked";
    case "skipped":
      return "skipped";
    default:
      return assertNever(state);
  }
}
