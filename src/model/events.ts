/** The closed union of events. A payload map gives the types; parsing happens only at the borders. */
import * as z from "zod";
import { DelegatedBy } from "./checkpoint";
import { ErrorClass, EventError } from "./failure";
import { ReasoningPart, ResultPart, ToolCall } from "./message";
import { Usage } from "./usage";

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const text = z.string();
const json = z.unknown();

/** Steps, tokens and money are counted over the whole job, retries and time for each generation. */
export const Limits = z.object({
  maxSteps: count,
  maxRetries: count,
  timeoutMs: ms,
  maxTokens: count.optional(),
  /** USD. */
  maxCost: z.number().nonnegative().optional(),
});
export type Limits = z.infer<typeof Limits>;

/**
 * Where a run came from, when not from nothing. continue: a new query on a finished job · resume: a branch from an earlier
 * checkpoint of the job · retry: the failed calls of a step again · fork: a new job from a checkpoint · rerun: the same
 * query again in a new job · restart: the same task again after a run that did not finish it (other systems).
 */
export const Origin = z.object({
  kind: z.enum(["continue", "resume", "retry", "fork", "rerun", "restart"]),
  jobId: text,
  runId: text,
  /** Absent for a rerun, which takes over the query alone. */
  checkpointId: text.optional(),
  /** What was changed on the way, in words such as "message", "model", "definition". */
  changed: z.array(text).optional(),
});
export type Origin = z.infer<typeof Origin>;

/** A tool call of an interactive skill that waits for an answer. */
export const InputRequest = z.object({
  toolCallId: text,
  skill: text,
  tool: text,
  args: z.unknown(),
  /** JSON schema of the tool's arguments. */
  schema: z.unknown().optional(),
});
export type InputRequest = z.infer<typeof InputRequest>;

/** A place in a definition; `uri` is a `file:` URI, `line` counts from 1. */
export const DefinitionRef = z.object({ uri: text, line: count.optional() });
export type DefinitionRef = z.infer<typeof DefinitionRef>;

/** A file that a tool call read or changed; `path` is relative to the workspace, with forward slashes. */
export const TouchedFile = z.object({ path: text, change: z.enum(["read", "create", "write", "delete"]) });
export type TouchedFile = z.infer<typeof TouchedFile>;

export const FinishReason = z.enum(["stop", "toolCalls", "length", "contentFilter", "error", "cancelled", "other"]);
export type FinishReason = z.infer<typeof FinishReason>;

/** USD. */
const cost = z.number().nonnegative().optional();
const call = { toolCallId: text, skill: text, tool: text };
/** Absent where it was not recorded: other systems do not tell all that ours does. */
const durationMs = ms.optional();
const node = {
  node: text,
  /** Which of several executions of the node in this run, counted from 1: an item of a list, or an attempt. */
  iteration: count.optional(),
  phase: text.optional(),
};
/** Of a run's end: usage and cost are its own and its delegates'; the checkpoint is the one to go on from. */
const totals = { totalUsage: Usage.optional(), cost, durationMs, checkpointId: text.optional() };

/** Payload of each durable event, beyond the envelope. */
export const payloads = {
  startRun: z.object({
    query: text,
    /** The instruction message that opens the conversation; absent where it goes on from `checkpointId`. */
    instruction: text.optional(),
    /** The checkpoint, in the run's own folder, with the conversation that this run goes on from, its query included. */
    checkpointId: text.optional(),
    /** By tool: the skills of the calls that are open there, as far as they are known without a connection. */
    openSkills: z.record(text, text).optional(),
    provider: text.optional(),
    model: text.optional(),
    limits: Limits.optional(),
    reasoningBudget: z.union([text, count]).optional(),
    definition: DefinitionRef.optional(),
    /** Absolute path of the workspace folder. */
    workspace: text.optional(),
    expertVersion: text.optional(),
    parent: z.object({ runId: text, toolCallId: text.optional() }).optional(),
    /** The same as its checkpoints have it. */
    delegatedBy: DelegatedBy.optional(),
    origin: Origin.optional(),
    /** Steps that the job had before this run; absent: none. */
    stepsBefore: count.optional(),
    requestId: text.optional(),
    runtimeVersion: text.optional(),
    /** Names of the tools offered. */
    tools: z.array(text).optional(),
  }),
  startGeneration: z.object({ attempt: count, messageCount: count.optional() }),
  finishGeneration: z.object({
    attempt: count,
    usage: Usage.optional(),
    finishReason: FinishReason,
    text: text.optional(),
    reasoning: z.array(ReasoningPart).optional(),
    toolCalls: z.array(ToolCall),
    durationMs,
    timeToFirstTokenMs: ms.optional(),
    cost,
    /** Why there is no answer (finishReason "error" or "cancelled"). */
    error: EventError.optional(),
  }),
  retryGeneration: z.object({
    attempt: count,
    error: EventError,
    delayMs: ms,
    /** What the model is told before it tries again, where the fault was in its answer. */
    feedback: text.optional(),
  }),
  startToolCall: z.object({ ...call, args: json }),
  finishToolCall: z.object({
    ...call,
    isError: z.boolean(),
    errorClass: ErrorClass.optional(),
    /** What kept the expert from going on: a refused approval, or todos that are still open. */
    blockedBy: z.enum(["approval", "todos"]).optional(),
    result: z.array(ResultPart),
    /** Set where `result` is only the head of a large result: `file` is relative to the run's folder. */
    spilled: z.object({ file: text, bytes: count }).optional(),
    durationMs,
    touched: z.array(TouchedFile).optional(),
  }),
  startDelegation: z.object({
    toolCallId: text,
    childRunId: text,
    childExpertKey: text,
    query: text,
    /** Of this run, with the calls that are still pending. */
    checkpointId: text.optional(),
  }),
  finishDelegation: z.object({
    toolCallId: text,
    childRunId: text,
    /** How the delegate ended: finished, failed, stopped or interrupted. */
    status: text,
    text: text.optional(),
    error: EventError.optional(),
    /** The last step of the job so far: steps are counted over all its runs. */
    lastStep: count.optional(),
    /** All that the delegate has used so far, its own delegates included. */
    totalUsage: Usage.optional(),
    cost,
  }),
  requestInput: InputRequest,
  receiveInput: z.object({ toolCallId: text, text, by: text }),
  requestApproval: z.object({ approvalId: text, ...call, effect: z.enum(["write", "exec"]), summary: text }),
  resolveApproval: z.object({ approvalId: text, granted: z.boolean(), by: text, reason: text.optional() }),
  connectSkill: z.object({
    skill: text,
    /** stdio, sse or http. */
    transport: text,
    /** Name and version, as the server says. */
    server: text.optional(),
    durationMs: ms,
    /** Names of the tools offered. */
    tools: z.array(text).optional(),
  }),
  logSkill: z.object({ skill: text, line: text }),
  disconnectSkill: z.object({ skill: text, reason: text.optional() }),
  passGate: z.object({ gate: text, measured: json.optional(), threshold: json.optional(), outputRef: text.optional() }),
  failGate: z.object({ gate: text, measured: json.optional(), threshold: json.optional(), outputRef: text.optional() }),
  readyNode: z.object(node),
  startNode: z.object(node),
  finishNode: z.object({
    ...node,
    /** Whether an earlier result was taken: its usage is told, but was spent then. */
    isCached: z.boolean().optional(),
    usage: Usage.optional(),
    cost,
  }),
  failNode: z.object({ ...node, reason: text, class: ErrorClass.optional() }),
  /** After `failNode`: the node is to be executed once more. */
  retryNode: z.object({ ...node, reason: text.optional(), delayMs: ms.optional() }),
  skipNode: z.object({
    ...node,
    reason: text,
    /** Whether nothing says so: it follows from what else happened. */
    isInferred: z.boolean().optional(),
  }),
  writeState: z.object({ ...node, field: text, value: json.optional(), previous: json.optional() }),
  finishStep: z.object({
    usage: Usage.optional(),
    checkpointId: text.optional(),
    durationMs,
    /** Whether the expert is done with it: the end of the run follows. */
    isLast: z.boolean().optional(),
  }),
  finishRun: z.object({ text, ...totals }),
  stopRun: z.object({
    reason: z.enum(["maxSteps", "input", "cancelled", "budget"]),
    message: text.optional(),
    ...totals,
  }),
  resumeRun: z.object({
    /** Of the end that it goes on from, where that has one. */
    checkpointId: text.optional(),
    by: text,
    /** The limits from here on, where they are others. */
    limits: Limits.optional(),
    provider: text.optional(),
    model: text.optional(),
    expertVersion: text.optional(),
  }),
  errorRun: z.object({
    error: EventError,
    /** Where to look: the definition, or a file. */
    location: DefinitionRef.optional(),
    ...totals,
  }),
  foreignEvent: z.object({ source: text, name: text, data: json }),
} as const;

/** Live only: heard on the bus, never in a journal. */
export const livePayloads = {
  streamReasoning: z.object({ delta: text }),
  streamText: z.object({ delta: text }),
  progressTool: z.object({ toolCallId: text, text }),
  schedulerState: z.object({ state: json }),
} as const;

export const Envelope = z.object({
  id: text,
  timestamp: z.number(),
  jobId: text,
  runId: text,
  seq: count,
  expertKey: text,
  step: count,
});
export type Envelope = z.infer<typeof Envelope>;

type Payloads = { [T in keyof typeof payloads]: z.infer<(typeof payloads)[T]> };
type LivePayloads = { [T in keyof typeof livePayloads]: z.infer<(typeof livePayloads)[T]> };

export type EventType = keyof Payloads;
export type EventPayload = { [T in EventType]: { type: T } & Payloads[T] }[EventType];
export type LivePayload = { [T in keyof LivePayloads]: { type: T } & LivePayloads[T] }[keyof LivePayloads];
/** A durable event: it is in the journal before anyone hears of it. */
export type RunEvent = { [T in EventType]: Envelope & { type: T } & Payloads[T] }[EventType];
/** A live event has no place in the journal: its `seq` is that of the last durable event. */
export type LiveEvent = {
  [T in keyof LivePayloads]: Envelope & { type: T } & LivePayloads[T];
}[keyof LivePayloads];
export type AnyEvent = RunEvent | LiveEvent;
export type EventOf<T extends EventType> = Extract<RunEvent, { type: T }>;

/**
 * An event from outside. A name we have no word for becomes a `foreignEvent` in its place; what has no valid envelope
 * or payload is answered with the reason.
 */
export function parseEvent(value: unknown): { event: RunEvent } | { problem: string } {
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) return { problem: problemOf(envelope.error) };
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof type !== "string") return { problem: "type: not a string" };
  if (!isEventType(type)) {
    const event: RunEvent = {
      ...envelope.data,
      type: "foreignEvent",
      source: "runtrail",
      name: type,
      data: value,
    };
    return { event };
  }
  const payload = payloads[type].safeParse(value);
  if (!payload.success) return { problem: `${type}: ${problemOf(payload.error)}` };
  return { event: { ...envelope.data, type, ...payload.data } as RunEvent };
}

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(payloads, type);
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".") || "event"}: ${issue.message}` : "not an event";
}
