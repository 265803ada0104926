/** The ends that a run lacks which was broken off: for every start one, as recovery writes them. */
import type { EventPayload } from "./events";
import type { EventError } from "./failure";
import type { Run, StepItem, ToolCallItem } from "./run";

/** How a delegate of the run stands, by its run id. */
export type FindDelegate = (runId: string) => Pick<Run, "usage" | "cost" | "steps"> | undefined;

/** In the order in which they belong into the journal. */
export function openEndsOf(run: Run, error: EventError, findDelegate: FindDelegate): EventPayload[] {
  const items = run.steps.at(-1)?.items ?? [];
  return [...openApprovals(run), ...items.flatMap((item) => endOf(item, error, findDelegate))];
}

function endOf(item: StepItem, error: EventError, findDelegate: FindDelegate): EventPayload[] {
  if (item.kind === "note" || item.finishedAt !== undefined) return [];
  if (item.kind === "generation") {
    const { attempt } = item;
    return [{ type: "finishGeneration", attempt, finishReason: "error", toolCalls: [], durationMs: 0, error }];
  }
  if (item.kind === "node") {
    const { node, iteration } = item;
    const which = { node, ...(iteration !== undefined && { iteration }) };
    return [{ type: "failNode", ...which, reason: error.message, class: error.class }];
  }
  const { toolCallId, skill, tool } = item;
  const result = [{ type: "textPart" as const, text: JSON.stringify({ error: "Error", message: error.message }) }];
  return [
    ...endOfDelegation(item, error, findDelegate),
    {
      type: "finishToolCall",
      ...{ toolCallId, skill, tool, result },
      isError: true,
      errorClass: "interrupted",
      durationMs: 0,
    },
  ];
}

function endOfDelegation(
  { toolCallId, childRunId }: ToolCallItem,
  error: EventError,
  find: FindDelegate,
): EventPayload[] {
  if (childRunId === undefined) return [];
  const child = find(childRunId);
  return [
    {
      type: "finishDelegation",
      ...{ toolCallId, childRunId, error },
      status: "interrupted",
      ...(child && { totalUsage: child.usage, lastStep: child.steps.at(-1)?.step ?? 0 }),
      ...(child?.cost !== undefined && { cost: child.cost }),
    },
  ];
}

function openApprovals({ waitingFor }: Run): EventPayload[] {
  if (!waitingFor) return [];
  const { approvalId } = waitingFor;
  return [{ type: "resolveApproval", approvalId, granted: false, by: "recovery", reason: "the run was interrupted" }];
}
