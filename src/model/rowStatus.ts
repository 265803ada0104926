/** How a step, a node or a call stands in a log or on a page, with the sign and the words for it: never colour alone. */
import type { FailureGrade } from "./failure";
import { failingStepOf, hasFailedPart } from "./failures";
import type { NodeItem, Run, Step, ToolCallItem } from "./run";
import { isLastStep } from "./stepAt";

export type RowStatus = FailureGrade | "done" | "failed" | "running" | "open" | "cached" | "skipped" | "never";

const signs: Readonly<Record<RowStatus, { sign: string; words: string }>> = {
  fatal: { sign: "✗", words: "failed, the run ended here" },
  blocked: { sign: "!", words: "failed, blocked" },
  failed: { sign: "✗", words: "failed" },
  recovered: { sign: "~", words: "failed, recovered" },
  done: { sign: "✓", words: "done" },
  running: { sign: "…", words: "running" },
  open: { sign: "?", words: "not finished" },
  cached: { sign: "↺", words: "from the cache" },
  skipped: { sign: "–", words: "skipped" },
  never: { sign: "–", words: "never ran" },
};

/** "✓ done" */
export function statusText(status: RowStatus): string {
  const { sign, words } = signs[status];
  return `${sign} ${words}`;
}

/** "✗ failed", where there is little room. */
export function briefStatus(status: RowStatus): string {
  const { sign, words } = signs[status];
  return `${sign} ${words.split(",", 1).join("")}`;
}

/** "done" */
export function statusWords(status: RowStatus): string {
  return signs[status].words;
}

export function statusSign(status: RowStatus): string {
  return signs[status].sign;
}

/** Of a whole run, as a row. */
export function runRowStatus({ status, failures }: Pick<Run, "status" | "failures">): RowStatus {
  switch (status) {
    case "finished":
      return hasFailedPart(status, failingStepOf({ failures })) ? "blocked" : "done";
    case "failed":
      return "fatal";
    case "running":
      return "running";
    case "stopped":
      return "blocked";
    default:
      return "open";
  }
}

export function stepStatus(run: Run, step: Step): RowStatus {
  const isLast = isLastStep(run, step);
  if (step.finishedAt !== undefined || (isLast && run.status === "finished")) return "done";
  return isLast && run.status === "running" ? "running" : "open";
}

export function toolStatus({ finishedAt, isError }: ToolCallItem, { status }: Run): RowStatus {
  if (finishedAt === undefined) return status === "running" ? "running" : "open";
  return isError ? "failed" : "done";
}

export function nodeStatus({ state, isCached, isInferred }: NodeItem, { status }: Run): RowStatus {
  switch (state) {
    case "finished":
      return isCached ? "cached" : "done";
    case "failed":
      return "failed";
    case "skipped":
      return isInferred ? "never" : "skipped";
    case "running":
      return status === "running" ? "running" : "open";
    default:
      return status === "running" ? "running" : "never";
  }
}

/** Of a node with all its executions. */
export function statusOfNodes(nodes: readonly NodeItem[], run: Run): RowStatus {
  const states = nodes.map((node) => nodeStatus(node, run));
  const order: RowStatus[] = ["failed", "running", "open", "done", "cached", "skipped", "never"];
  return order.find((status) => states.includes(status)) ?? "done";
}
