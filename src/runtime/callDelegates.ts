/** The calls of a step that delegate: each is a run of its own in the same job; what becomes of it goes back to the caller. */
import PQueue from "p-queue";
import { delegateKeyOf, delegateQueryOf } from "../model/delegateCall";
import type { ToolCall } from "../model/message";
import type { CallOptions } from "./callOptions";
import { delegateOf } from "./offeredTool";
import type { DelegateOutcome, Delegation } from "./ports";
import { type CallOutcome, errorOutcome, recordCall, textOutcome } from "./recordCall";
import { RunCancelled } from "./runFailure";
import type { RunState } from "./runState";

/** Delegates of one step at work at the same time; the others wait. */
const width = 16;

/** Gives the names of those that failed. */
export async function callDelegates(
  state: RunState,
  calls: readonly ToolCall[],
  options: CallOptions,
): Promise<string[]> {
  const delegates = calls.flatMap((call) => {
    const expertKey = delegateOf(options.tools.get(call.tool));
    const query = delegateQueryOf(call);
    return expertKey === undefined || query === undefined
      ? []
      : [{ toolCallId: call.id, toolName: call.tool, expertKey: delegateKeyOf(call) ?? expertKey, query }];
  });
  const checkpointId = await state.checkpoint("stoppedByDelegate", { delegates });
  const stepsBefore = state.jobStep;
  const queue = new PQueue({ concurrency: width });
  const outcomes = calls.map((call) => {
    const expertKey = delegateOf(options.tools.get(call.tool)) ?? call.tool;
    const perform = () => callDelegate(state, call, expertKey, { options, checkpointId, stepsBefore });
    return queue.add(async () => {
      if (options.signal.aborted) return undefined;
      return await recordCall(state, call, options.clock, perform);
    });
  });
  // All are waited for, so that each has its end before whatever one of them threw goes on.
  const settled = await Promise.allSettled(outcomes);
  for (const each of settled) if (each.status === "rejected") throw each.reason;
  if (options.signal.aborted) throw new RunCancelled();
  return calls.filter((_, index) => isFailed(settled[index])).map(({ tool }) => tool);
}

interface DelegateCall {
  options: CallOptions;
  checkpointId: string;
  stepsBefore: number;
}

async function callDelegate(
  state: RunState,
  call: ToolCall,
  expertKey: string,
  { options, checkpointId, stepsBefore }: DelegateCall,
): Promise<CallOutcome> {
  const { delegation, newId, signal, brokenOff } = options;
  const query = delegateQueryOf(call);
  if (query === undefined) {
    return errorOutcome(`${call.tool} needs an object with a “query”: what the delegate is to do.`, "tool_error");
  }
  const toolCallId = call.id;
  const earlier = brokenOff?.delegates.get(toolCallId);
  const childRunId = earlier ?? newId();
  state.emit({ type: "startDelegation", toolCallId, childRunId, childExpertKey: expertKey, query, checkpointId });
  const outcome = await run(delegation, {
    ...{ toolCallId, tool: call.tool, expertKey, query, childRunId, checkpointId, stepsBefore, signal },
    isResumed: earlier !== undefined,
  });
  const { status, text, error, lastStep, totalUsage, cost } = outcome;
  state.emit({
    type: "finishDelegation",
    toolCallId,
    childRunId,
    status,
    ...(text !== undefined && { text }),
    ...(error && { error }),
    lastStep,
    ...(totalUsage && { totalUsage }),
    ...(cost !== undefined && { cost }),
  });
  return resultOf(expertKey, outcome, signal.aborted);
}

async function run(
  delegation: Delegation | undefined,
  request: Parameters<Delegation["run"]>[0],
): Promise<DelegateOutcome> {
  if (delegation) return await delegation.run(request);
  const error = {
    name: "internal",
    message: "Delegates cannot be run here.",
    class: "internal" as const,
    isRetryable: false,
  };
  return { status: "failed", error, lastStep: request.stepsBefore };
}

/** A delegate that failed or was stopped is an error of the call: its coordinator decides what to do about it. */
function resultOf(expertKey: string, outcome: DelegateOutcome, isCancelled: boolean): CallOutcome {
  if (isCancelled) return errorOutcome("The run was cancelled.", "cancelled");
  const { status, stopReason, error } = outcome;
  if (status === "finished") return textOutcome(outcome.text ?? "");
  if (status === "failed") {
    const errorClass = error?.class === "cancelled" || error?.class === "interrupted" ? undefined : error?.class;
    return errorOutcome(
      `The delegate ${expertKey} failed: ${error?.message ?? "no reason given"}`,
      errorClass ?? "tool_error",
    );
  }
  return stopReason === "budget"
    ? errorOutcome(`The delegate ${expertKey} was stopped: the budget of the job is used up.`, "budget_exceeded")
    : errorOutcome(
        `The delegate ${expertKey} was stopped at the step limit of the job, before it was done.`,
        "max_steps",
      );
}

function isFailed(settled: PromiseSettledResult<CallOutcome | undefined> | undefined): boolean {
  return settled?.status === "fulfilled" && settled.value?.isError === true;
}
