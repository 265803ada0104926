/** One of Perstack's events as events of ours. */
import { assertNever } from "../../base/errors";
import { baseSkillName } from "../../model/baseSkill";
import type { EventPayload } from "../../model/events";
import type { Source } from "../foreignRunBuilder";
import type { PerstackEvent, PerstackEventOf, PerstackToolCall, PerstackToolResult } from "./perstackEvent";
import { eventErrorOf, retryErrorOf } from "./perstackFailure";
import { resultPartsOf, resultsIn, spokenIn, textOf, toolCallOf } from "./perstackMessages";
import type { RunBuilder } from "./runBuilder";
import { type RuntimeEvent, translateRuntimeEvent } from "./translateRuntimeEvent";

/** What is known of the rest of the run's part that the event stands in. */
export interface Outlook {
  /** Calls that wait for a person: they are not carried out. */
  asked: ReadonlySet<string>;
  /** Calls whose results are told. */
  answered: ReadonlySet<string>;
  /** Calls that delegate, with the expert's key: Perstack has that as the skill's name. */
  delegates: ReadonlyMap<string, string>;
  /** Told after the end, such as that skills are let go: for us the end is the last word. */
  late: readonly RuntimeEvent[];
  /** Skills told to start as programs. */
  programs: ReadonlySet<string>;
  /** By the id of the call that delegates. */
  delegateRunId(toolCallId: string): string | undefined;
}

const completionTool = "attemptCompletion";

export function translateEvent(run: RunBuilder, event: PerstackEvent, outlook: Outlook): void {
  switch (event.type) {
    case "initializeRuntime":
    case "documentedStart":
    case "resumeToolCalls":
    // For show while it goes on; the whole text comes with the end of the generation.
    case "startStreamingReasoning":
    case "streamReasoning":
    case "completeStreamingReasoning":
    case "startStreamingRunResult":
    case "streamRunResult":
    case "completeStreamingRunResult":
    case "startReasoning":
    case "completeReasoning":
    case "startRunResult":
    case "completeRunResult":
      return;
    case "skillStarting":
    case "skillConnected":
    case "skillStderr":
    case "skillDisconnected":
    case "unknown":
      translateRuntimeEvent(run, event, outlook.programs);
      return;
    case "startRun":
      deliver(run, event.initialCheckpoint.partialToolResults, event, true);
      run.finishWaitingStep(event);
      return;
    case "startGeneration":
      run.ask(event, event.messageCount ?? event.messages?.length);
      return;
    case "callTools":
      callTools(run, event, event.toolCalls, outlook);
      return;
    case "callDelegate":
      if (run.generation) callTools(run, event, event.toolCalls, outlook);
      return;
    case "callInteractiveTool":
      if (run.generation) callTools(run, event, [event.toolCall], outlook);
      requestInput(run, [event.toolCall], event);
      return;
    case "resolveToolResults":
      deliver(run, event.toolResults, event);
      return;
    case "attemptCompletion":
      deliver(run, [event.toolResult], event);
      run.ask(event);
      return;
    case "finishToolCall":
    case "finishAllToolCalls":
      deliver(run, resultsIn(event.newMessages), event);
      return;
    case "retry":
      retry(run, event);
      return;
    case "finishGeneration": {
      const toolCalls = (event.toolCalls ?? []).map(toolCallOf);
      const said = { ...spokenIn(event.newMessage), ...(event.text && { text: event.text }) };
      const finishReason = toolCalls.length > 0 ? "toolCalls" : "stop";
      run.answer({ finishReason, ...said, toolCalls, ...used(event) }, event);
      return;
    }
    case "continueToNextStep":
      deliver(run, resultsIn(event.step.newMessages), event);
      run.emit(stepEnd(event), event);
      return;
    case "finishStep":
      run.emit({ type: "finishStep", ...used(event), ...savedAt(event), durationMs: 0 }, event);
      return;
    default:
      endRun(run, event, outlook);
  }
}

type EndEvent = PerstackEventOf<
  | "stopRunByDelegate"
  | "stopRunByInteractiveTool"
  | "stopRunByExceededMaxSteps"
  | "stopRunByError"
  | "completeRun"
  | "finishRun"
  | "errorRun"
>;

function endRun(run: RunBuilder, event: EndEvent, outlook: Outlook): void {
  const checkpointId = "checkpoint" in event ? event.checkpoint?.id : undefined;
  const end = (payload: Ending) => {
    for (const each of outlook.late) {
      translateRuntimeEvent(run, { ...each, timestamp: event.timestamp }, outlook.programs);
    }
    run.emit({ ...run.totals(event, checkpointId), ...payload } as EventPayload, event);
  };
  switch (event.type) {
    case "stopRunByDelegate":
      delegate(run, event, outlook);
      return;
    case "stopRunByInteractiveTool":
      deliver(run, event.checkpoint?.partialToolResults, event);
      requestInput(run, event.checkpoint?.pendingToolCalls ?? [], event);
      run.emit(stepEnd(event), event);
      end({ type: "stopRun", reason: "input" });
      return;
    case "stopRunByExceededMaxSteps": {
      deliver(run, resultsIn(event.step.newMessages), event);
      run.emit(stepEnd(event), event);
      const limit = event.stepNumber ?? run.step;
      const message = `The limit of ${limit} ${limit === 1 ? "step" : "steps"} for the job is reached.`;
      end({ type: "stopRun", reason: "maxSteps", message });
      return;
    }
    case "stopRunByError":
    case "errorRun": {
      const told = typeof event.error === "string" ? { name: "Error", message: event.error } : event.error;
      const error = eventErrorOf({ isRetryable: false, statusCode: undefined, ...told });
      const left = "step" in event ? run.leftOf(event.step.usage) : {};
      const isCancelled = error.class === "cancelled";
      const finishReason = isCancelled ? "cancelled" : "error";
      if (run.generation) run.answer({ finishReason, toolCalls: [], error, ...left }, event);
      if (isCancelled) end({ type: "stopRun", reason: "cancelled", message: error.message });
      else end({ type: "errorRun", error });
      return;
    }
    case "completeRun":
      complete(run, event);
      run.emit(stepEnd(event), event);
      end({ type: "finishRun", text: event.text });
      return;
    case "finishRun": {
      const totalUsage = event.totalUsage ?? event.usage;
      end({ type: "finishRun", text: event.text, ...(totalUsage && { totalUsage }) });
      return;
    }
    default:
      assertNever(event);
  }
}

type WithoutTotals<T> = T extends unknown ? Omit<T, "totalUsage" | "durationMs" | "checkpointId"> : never;
type Ending = WithoutTotals<EventPayload & { type: "finishRun" | "stopRun" | "errorRun" }> & {
  totalUsage?: (EventPayload & { type: "finishRun" })["totalUsage"];
};

function callTools(
  run: RunBuilder,
  event: PerstackEventOf<"callTools" | "callDelegate" | "callInteractiveTool">,
  told: readonly PerstackToolCall[],
  { asked, answered, delegates }: Outlook,
): void {
  const toolCalls = told.map(toolCallOf).map((call) => {
    const key = delegates.get(call.id);
    return key === undefined ? call : { ...call, skill: `delegate/${key}` };
  });
  run.answer({ finishReason: "toolCalls", ...spokenIn(event.newMessage), toolCalls, ...used(event) }, event);
  run.retries = 0;
  // Perstack never carries out what stands beside the completion; others that write its events may.
  const completion = toolCalls.find(({ skill, tool }) => skill === baseSkillName && tool === completionTool);
  for (const call of toolCalls) {
    const isMade = !completion || call === completion || answered.has(call.id);
    if (isMade && !asked.has(call.id)) run.startCall(call, event);
  }
}

/**
 * Results of calls that are still open; told of twice they count once.
 * @param isAnswer whether the run goes on with them: delegates or a person have replied
 */
function deliver(
  run: RunBuilder,
  results: readonly PerstackToolResult[] | undefined,
  source: Source,
  isAnswer = false,
): void {
  for (const { id, skillName: skill, toolName: tool, result, isError = false } of results ?? []) {
    const known = run.calls.get(id);
    if (known?.isDone) continue;
    const parts = resultPartsOf(result);
    const text = parts.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
    const isDelegated = run.delegations.has(id) || skill.startsWith("delegate/");
    const isReply = isAnswer && skill !== baseSkillName;
    if (isDelegated) run.finishDelegation(id, { status: "finishRun", text }, {}, source);
    if (known?.startedAt === undefined) {
      if (isReply && !isDelegated) run.emit({ type: "receiveInput", toolCallId: id, text, by: "user" }, source);
      run.startCall({ ...(known?.call ?? { id, tool, args: null }), skill: known?.call.skill || skill }, source);
    }
    run.settleCall(id, parts, source, { isReply, isMarked: isError });
  }
}

function requestInput(run: RunBuilder, calls: readonly PerstackToolCall[], source: Source): void {
  for (const { id, skillName: skill, toolName: tool, args } of calls) {
    if (run.asked.has(id)) continue;
    run.asked.add(id);
    run.emit({ type: "requestInput", toolCallId: id, skill, tool, args }, source);
  }
}

function delegate(run: RunBuilder, event: PerstackEventOf<"stopRunByDelegate">, { delegateRunId }: Outlook): void {
  const { checkpoint } = event;
  deliver(run, checkpoint?.partialToolResults, event);
  for (const { expert, toolCallId, toolName: tool, query } of checkpoint?.delegateTo ?? []) {
    const known = run.calls.get(toolCallId);
    if (known?.startedAt === undefined) {
      run.startCall(known?.call ?? { id: toolCallId, skill: `delegate/${expert.key}`, tool, args: { query } }, event);
    }
    const childRunId = delegateRunId(toolCallId) ?? "";
    run.startDelegation({ toolCallId, childRunId, childExpertKey: expert.key, query, ...savedAt(event) }, event);
  }
  run.waitingStep = { step: run.step, payload: stepEnd(event) };
}

function retry(run: RunBuilder, event: PerstackEventOf<"retry">): void {
  const error = retryErrorOf(event.reason);
  const attempt = run.generation?.attempt ?? run.retries + 1;
  const feedback = textOf(event.newMessages, "userMessage");
  const answered = (event.usage?.totalTokens ?? 0) > 0;
  const toolCalls = (event.toolCalls ?? []).map(toolCallOf);
  if (toolCalls.length > 0) {
    run.answer({ finishReason: "length", toolCalls, ...used(event) }, event);
    // Cut off, and answered with the reason instead of being carried out.
    for (const call of toolCalls) run.startCall(call, event);
    deliver(run, event.toolResults ?? resultsIn(event.newMessages), event);
  } else {
    deliver(run, resultsIn(event.newMessages), event);
    const finish = answered
      ? { finishReason: "other" as const, ...used(event) }
      : { finishReason: "error" as const, error };
    run.answer({ toolCalls: [], ...finish }, event);
  }
  run.emit({ type: "retryGeneration", attempt, error, delayMs: 0, ...(feedback && { feedback }) }, event);
  run.messageCount += feedback ? 1 : 0;
  run.retries += 1;
}

/** The last words; where they stood beside the completion, no further generation was needed. */
function complete(run: RunBuilder, event: PerstackEventOf<"completeRun">): void {
  deliver(run, event.step.toolResults ?? resultsIn(event.step.newMessages), event);
  if (!run.generation && !event.usage?.totalTokens) return;
  const said = spokenIn(event.step.newMessages.at(-1) ?? event.checkpoint?.messages.last);
  const text = said.text ?? event.text;
  const answer = { ...said, ...(text !== "" && { text }) };
  run.answer({ finishReason: "stop", ...answer, toolCalls: [], ...used(event) }, event);
}

type StepEnd = PerstackEventOf<"continueToNextStep" | Exclude<EndEvent["type"], "finishRun" | "errorRun">>;

function stepEnd(event: StepEnd): EventPayload & { type: "finishStep" } {
  const { startedAt = event.timestamp, finishedAt = event.timestamp } = event.step;
  return {
    type: "finishStep",
    ...used(event.step),
    ...savedAt(event),
    durationMs: Math.max(0, finishedAt - startedAt),
  };
}

function savedAt({ checkpoint }: { checkpoint?: { id: string } | undefined }): { checkpointId?: string } {
  return checkpoint ? { checkpointId: checkpoint.id } : {};
}

function used<T>({ usage }: { usage?: T | undefined }): { usage?: T } {
  return usage === undefined ? {} : { usage };
}
