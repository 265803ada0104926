/**
 * The events that a job's checkpoints tell of, for a job whose events are gone: a checkpoint has the whole conversation so
 * far, so that each step is what it says more than the one before.
 */
import { baseSkillName } from "../../model/baseSkill";
import type { Checkpoint } from "../../model/checkpoint";
import type { Message } from "../../model/message";
import type { Usage } from "../../model/usage";
import type { PerstackEvent, PerstackEventOf, PerstackStep } from "./perstackEvent";
import { resultsIn } from "./perstackMessages";
import type { PerstackRecord } from "./perstackRecord";
import type { StoredCheckpoint } from "./readCheckpoints";

/** @param stored ordered by step */
export function recordsOfCheckpoints(stored: readonly StoredCheckpoint[]): PerstackRecord[] {
  const groups = new Map<string, StoredCheckpoint[]>();
  for (const each of stored) {
    const key = `${each.checkpoint.runId} ${each.checkpoint.expert.key}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const records = [...groups.values()].flatMap((group) => recordsOfRun(branchOf(group), stored));
  return records.sort(
    (a, b) => a.event.timestamp - b.event.timestamp || (a.event.stepNumber ?? 0) - (b.event.stepNumber ?? 0),
  );
}

/** What leads to the newest: checkpoints of the same conversation, which other branches do not share. */
function branchOf(group: readonly StoredCheckpoint[]): StoredCheckpoint[] {
  const newest = group.at(-1)?.checkpoint.messages ?? [];
  return group.filter(({ checkpoint: { messages } }) => newest[messages.length - 1]?.id === messages.at(-1)?.id);
}

interface Told {
  add(event: PerstackEvent): void;
  envelope: Omit<PerstackEventOf<"startGeneration">, "type" | "messages">;
}

function recordsOfRun(branch: readonly StoredCheckpoint[], all: readonly StoredCheckpoint[]): PerstackRecord[] {
  const records: PerstackRecord[] = [];
  let before: Checkpoint | undefined;
  let part = 1;
  for (const { checkpoint, file, timestamp } of branch) {
    const said = checkpoint.messages.slice(before?.messages.length ?? 0);
    if (before && begins(before, said)) part += 1;
    const { jobId, expert, stepNumber } = checkpoint;
    const runId = part === 1 ? checkpoint.runId : `${checkpoint.runId}-${part}`;
    const envelope = { timestamp, jobId, runId, expertKey: expert.key, stepNumber };
    const told: Told = { add: (event) => records.push({ event, file }), envelope };
    const rest = !before || begins(before, said) ? tellStart(told, checkpoint, before, said) : said;
    tellStep(told, checkpoint, rest, spentSince(before?.usage ?? usageOfDelegator(checkpoint, all), checkpoint.usage));
    before = checkpoint;
  }
  return records;
}

/** A run that had ended, or waited, and goes on: with a query or with the answers it waited for. */
function begins({ status }: Checkpoint, said: readonly Message[]): boolean {
  return status !== "proceeding" && status !== "init" && said.length > 0;
}

/** Gives the messages that come after the start. */
function tellStart(
  { add, envelope }: Told,
  checkpoint: Checkpoint,
  before: Checkpoint | undefined,
  said: readonly Message[],
): readonly Message[] {
  const { stepNumber, id } = checkpoint;
  const first = before ? { ...before, id, stepNumber } : { ...checkpoint, status: "init" as const, messages: [] };
  const isInput = ({ type }: Message) => type === "instructionMessage" || type === "userMessage";
  const end = said.findIndex((message) => !isInput(message));
  const input = end === -1 ? said : said.slice(0, end);
  const answers = input.length === 0 ? resultsIn(said.slice(0, 1)) : [];
  const { pendingToolCalls: _, ...rest } = first;
  const initialCheckpoint = { ...rest, partialToolResults: answers };
  add({ ...envelope, type: "startRun", initialCheckpoint, inputMessages: [...input] });
  return said.slice(input.length);
}

function tellStep({ add, envelope }: Told, checkpoint: Checkpoint, said: readonly Message[], spent: Usage): void {
  let usage: Usage | undefined = spent;
  const step: PerstackStep = { newMessages: [...said] };
  const { messages } = checkpoint;
  const saved = { ...checkpoint, messages: { count: messages.length, last: messages.at(-1) } };
  const end = { ...envelope, checkpoint: saved, step };
  const isAnswer = (message: Message) =>
    checkpoint.status === "completed" && message === said.at(-1) && message.type === "expertMessage";
  for (const message of said) {
    if (message.type === "toolMessage") add({ ...envelope, type: "finishToolCall", newMessages: [message] });
    if (message.type === "userMessage") {
      const reason = message.contents.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
      add({ ...envelope, type: "startGeneration" });
      add({ ...envelope, type: "retry", reason, newMessages: [message], usage });
      usage = undefined;
    }
    if (message.type !== "expertMessage") continue;
    add({ ...envelope, type: "startGeneration" });
    if (isAnswer(message)) break;
    add({ ...envelope, type: "callTools", newMessage: message, toolCalls: callsIn(message, checkpoint), usage });
    usage = undefined;
  }
  switch (checkpoint.status) {
    case "proceeding":
      add({ ...end, type: "continueToNextStep" });
      return;
    case "completed":
      add({ ...end, type: "completeRun", text: textOfLast(said), usage });
      return;
    case "stoppedByDelegate":
      add({ ...end, type: "stopRunByDelegate" });
      return;
    case "stoppedByInteractiveTool":
      add({ ...end, type: "stopRunByInteractiveTool" });
      return;
    case "stoppedByExceededMaxSteps":
      add({ ...end, type: "stopRunByExceededMaxSteps" });
      return;
    case "stoppedByError": {
      // Perstack stores the checkpoint before it knows the error.
      const { name = "Error", message = "The run stopped by an error.", statusCode } = checkpoint.error ?? {};
      add({ ...end, type: "stopRunByError", error: { name, message, statusCode, isRetryable: false } });
      return;
    }
    default:
  }
}

function callsIn(message: Message & { type: "expertMessage" }, { pendingToolCalls = [] }: Checkpoint) {
  return message.contents.flatMap((part) => {
    if (part.type !== "toolCallPart") return [];
    const { toolCallId: id, toolName, args } = part;
    const isBase = toolName === "attemptCompletion";
    const skillName = pendingToolCalls.find((call) => call.id === id)?.skillName ?? (isBase ? baseSkillName : "");
    return [{ id, skillName, toolName, args }];
  });
}

function textOfLast(said: readonly Message[]): string {
  const last = said.at(-1);
  const parts = last?.type === "expertMessage" ? last.contents : [];
  return parts.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
}

/** A single delegate counts on from its coordinator; of several each counts from nothing. */
function usageOfDelegator({ delegatedBy }: Checkpoint, all: readonly StoredCheckpoint[]): Usage | undefined {
  const by = all.find(({ checkpoint }) => checkpoint.id === delegatedBy?.checkpointId)?.checkpoint;
  return by?.delegateTo?.length === 1 ? by.usage : undefined;
}

function spentSince(before: Usage | undefined, now: Usage): Usage {
  const less = (a: number, b = 0) => Math.max(0, a - b);
  return {
    inputTokens: less(now.inputTokens, before?.inputTokens),
    outputTokens: less(now.outputTokens, before?.outputTokens),
    totalTokens: less(now.totalTokens, before?.totalTokens),
    ...(now.reasoningTokens !== undefined && { reasoningTokens: less(now.reasoningTokens, before?.reasoningTokens) }),
    ...(now.cachedInputTokens !== undefined && {
      cachedInputTokens: less(now.cachedInputTokens, before?.cachedInputTokens),
    }),
  };
}
