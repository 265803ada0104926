/** What a run stands on when it goes on in its own journal, as its events tell it. */
import { addUsage } from "../model/addUsage";
import { skillsIn } from "../model/checkpointFacts";
import { pendingCallsOf } from "../model/conversation";
import type { RunEvent } from "../model/events";
import type { Message } from "../model/message";
import type { Run, Step, ToolCallItem } from "../model/run";
import { todosOf } from "../model/todos";
import type { Usage } from "../model/usage";
import type { GoingOn } from "./beginRun";
import type { InputAnswer } from "./callOptions";

/**
 * @param messages the conversation of the run, as the fold over its events gives it
 * @param answers of a person, to what the run asked
 */
export function goOnFrom(
  run: Run,
  events: readonly RunEvent[],
  messages: readonly Message[],
  { answers, by }: { answers: readonly InputAnswer[]; by: string },
): GoingOn {
  const pending = new Set(pendingCallsOf(messages).map(({ id }) => id));
  const last = run.steps.at(-1);
  const isOpen = last !== undefined && last.finishedAt === undefined;
  const isBegun = pending.size > 0 || last?.items.some((item) => isAnswer(item) || item.kind === "toolCall") === true;
  const before = events[0]?.type === "startRun" ? (events[0].stepsBefore ?? 0) : 0;
  // Calls that are pending before the run has had a step are of one before it.
  const stepsDone = isOpen && !isBegun ? last.step - 1 : (last?.step ?? (pending.size > 0 ? before : 0));
  const calls = (last?.items ?? []).filter((item): item is ToolCallItem => item.kind === "toolCall");
  return {
    messages,
    todos: todosOf(messages),
    step: stepsDone,
    jobStep: Math.max(stepsDone, before, ...stepsOfDelegates(events)),
    journal: {
      seq: run.lastSeq,
      lastTimestamp: events.at(-1)?.timestamp ?? 0,
      spending: run.spending,
      skills: skillsIn(events),
      stepUsage: isOpen ? usageOf(last) : undefined,
    },
    isAnswered: isOpen && isAnswered(last, messages),
    brokenOff: {
      calls: new Set(calls.flatMap(({ toolCallId }) => (pending.has(toolCallId) ? [toolCallId] : []))),
      delegates: delegatesOf(events, pending),
    },
    input: { answers, by, asked: new Set(run.inputRequests.map(({ toolCallId }) => toolCallId)) },
    by,
    checkpointId: run.checkpointId,
  };
}

function stepsOfDelegates(events: readonly RunEvent[]): number[] {
  return events.flatMap((event) => (event.type === "finishDelegation" ? [event.lastStep ?? 0] : []));
}

/** The newest run of each pending call that delegates. */
function delegatesOf(events: readonly RunEvent[], pending: ReadonlySet<string>): Map<string, string> {
  return new Map(
    events.flatMap((event) =>
      event.type === "startDelegation" && pending.has(event.toolCallId) ? [[event.toolCallId, event.childRunId]] : [],
    ),
  );
}

/** What a step that is not whole has used. */
function usageOf({ items }: Step): Usage | undefined {
  const known = items.flatMap((item) => (item.kind === "generation" && item.usage ? [item.usage] : []));
  return known.length > 0 ? known.reduce(addUsage) : undefined;
}

/** A generation that came to something. */
function isAnswer(item: Step["items"][number]): boolean {
  return item.kind === "generation" && item.finishedAt !== undefined && item.error === undefined;
}

/** An answer in text alone, whole, after which nothing was recorded any more. */
function isAnswered(step: Step, messages: readonly Message[]): boolean {
  const last = messages.at(-1);
  if (last?.type !== "expertMessage" || last.contents.some(({ type }) => type === "toolCallPart")) return false;
  const generation = step.items.findLast((item) => item.kind === "generation");
  return generation?.kind === "generation" && generation.finishReason === "stop" && Boolean(generation.text);
}
