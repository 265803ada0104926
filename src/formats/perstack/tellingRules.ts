/** What Perstack's words tell of, which of our events belong together, and how it puts our reasons. */
import { delegateQueryOf } from "../../model/delegateCall";
import type { EventOf, RunEvent } from "../../model/events";
import type { ToolCall } from "../../model/message";
import { retryErrorOf } from "./perstackFailure";
import { isDelegateCall } from "./writtenParts";

export const completionTool = "attemptCompletion";

const told: Partial<Record<RunEvent["type"], true>> = {
  startGeneration: true,
  finishGeneration: true,
  retryGeneration: true,
  startToolCall: true,
  finishToolCall: true,
  startDelegation: true,
  finishDelegation: true,
  requestInput: true,
  receiveInput: true,
  finishStep: true,
  finishRun: true,
  stopRun: true,
  errorRun: true,
};

/** Perstack has no words for approvals, gates, plans and the like. */
export function tellsOf({ type }: RunEvent): boolean {
  return told[type] === true;
}

export function belongsToDelegation(event: RunEvent, calls: readonly ToolCall[]): boolean {
  if (event.type === "startDelegation" || event.type === "finishDelegation") return true;
  if (event.type !== "startToolCall" && event.type !== "finishToolCall") return false;
  return calls.some((call) => call.id === event.toolCallId && isDelegateCall(call));
}

export function hasOneDelegate(calls: readonly ToolCall[]): boolean {
  return calls.filter((call) => isDelegateCall(call) && delegateQueryOf(call) !== undefined).length < 2;
}

/** Whether it is said of the step that was done before it; anything else comes in a step of its own. */
export function endsStep(event: EventOf<"finishRun" | "stopRun" | "errorRun">): boolean {
  if (event.type === "stopRun") return event.reason !== "cancelled";
  return event.type === "finishRun";
}

/** As Perstack words it, for the model; here the model was told the message alone, there the whole. */
export function reasonOf({ error, feedback = "" }: EventOf<"retryGeneration">): string {
  const told = retryErrorOf(feedback);
  if (told.message === error.message && told.class === error.class) return feedback;
  return JSON.stringify({ error: `Error: ${error.message}`, message: feedback });
}
