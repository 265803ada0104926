/**
 * Perstack's events: the names and payloads its runtime writes (core 0.0.32, and those of 0.0.46), and those its
 * documentation gives them. Read tolerantly: what the translation does not need may be missing or broken.
 */
import * as z from "zod";
import { Usage } from "../../model/usage";

const text = z.string();
const maybe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
/** Validated where they are used: a part that nobody knows must not cost the whole event. */
const anything = z.array(z.unknown());
const usage = maybe(Usage);

export const PerstackToolCall = z.object({
  id: text,
  skillName: text.catch(""),
  toolName: text,
  /** A string where the model's arguments were no JSON. */
  args: z.unknown().optional(),
});
export type PerstackToolCall = z.infer<typeof PerstackToolCall>;

export const PerstackToolResult = z.object({
  id: text,
  skillName: text.catch(""),
  toolName: text,
  result: anything,
  /** Perstack never sets it: ours is told so. */
  isError: maybe(z.boolean()),
});
export type PerstackToolResult = z.infer<typeof PerstackToolResult>;

const ExpertRef = z.object({ key: text, name: maybe(text), version: maybe(text) });

/** What is used of the checkpoint that a run begins with; the whole of one is `model/checkpoint`. */
export const PerstackCheckpoint = z.object({
  id: text,
  /** After a continue still the first run's: never tells which run a checkpoint is of. */
  runId: maybe(text),
  expert: ExpertRef,
  stepNumber: z.number().int().nonnegative(),
  status: text,
  messages: anything,
  usage,
  delegateTo: maybe(z.array(z.object({ expert: ExpertRef, toolCallId: text, toolName: text, query: text.catch("") }))),
  /** 0.0.46 names no run in it. */
  delegatedBy: maybe(z.object({ toolCallId: text, checkpointId: text, runId: maybe(text) })),
  pendingToolCalls: maybe(z.array(PerstackToolCall)),
  partialToolResults: maybe(z.array(PerstackToolResult)),
});
export type PerstackCheckpoint = z.infer<typeof PerstackCheckpoint>;

/** Each event that saves one has the whole conversation so far in it: what tells it apart from another is enough. */
export const SavedCheckpoint = PerstackCheckpoint.extend({
  messages: anything.transform((messages) => ({ count: messages.length, last: messages.at(-1) })),
});
export type SavedCheckpoint = z.infer<typeof SavedCheckpoint>;

export const PerstackStep = z.object({
  newMessages: anything.catch([]),
  toolResults: maybe(z.array(PerstackToolResult)),
  usage,
  startedAt: maybe(z.number()),
  finishedAt: maybe(z.number()),
});
export type PerstackStep = z.infer<typeof PerstackStep>;

export const PerstackError = z.object({
  name: text.catch("Error"),
  message: text.catch(""),
  statusCode: maybe(z.number().int()),
  isRetryable: z.boolean().catch(false),
});
export type PerstackError = z.infer<typeof PerstackError>;

/** How a step or run ended counts more than what was saved there. */
const end = { checkpoint: maybe(SavedCheckpoint), step: PerstackStep.catch({ newMessages: [] }) };
const stream = z.object({ delta: maybe(text), text: maybe(text) });
const skill = { skillName: text };

/** Payload of each event beyond the envelope. */
export const perstackPayloads = {
  initializeRuntime: z.object({
    runtimeVersion: maybe(text),
    expertName: maybe(text),
    model: maybe(text),
    maxSteps: maybe(z.number().int().nonnegative()),
    maxRetries: maybe(z.number().int().nonnegative()),
    timeout: maybe(z.number().nonnegative()),
    query: maybe(text),
  }),
  skillStarting: z.object({ ...skill, command: maybe(text), args: maybe(z.array(text)) }),
  skillConnected: z.object({
    ...skill,
    serverInfo: maybe(z.object({ name: text, version: text })),
    connectDurationMs: maybe(z.number().nonnegative()),
    totalDurationMs: maybe(z.number().nonnegative()),
  }),
  skillStderr: z.object({ ...skill, message: text }),
  skillDisconnected: z.object(skill),
  startRun: z.object({ initialCheckpoint: PerstackCheckpoint, inputMessages: anything.catch([]) }),
  /** The whole conversation; where the run's start tells how it began, its length is enough. */
  startGeneration: z.object({ messages: maybe(anything), messageCount: maybe(z.number()) }),
  retry: z.object({
    reason: text.catch(""),
    newMessages: anything.catch([]),
    toolCalls: maybe(z.array(PerstackToolCall)),
    toolResults: maybe(z.array(PerstackToolResult)),
    usage,
  }),
  callTools: z.object({ newMessage: z.unknown().optional(), toolCalls: z.array(PerstackToolCall), usage }),
  /** Told beside `callTools`, with the same message and usage. */
  callInteractiveTool: z.object({ newMessage: z.unknown().optional(), toolCall: PerstackToolCall, usage }),
  callDelegate: z.object({ newMessage: z.unknown().optional(), toolCalls: z.array(PerstackToolCall), usage }),
  resolveToolResults: z.object({ toolResults: z.array(PerstackToolResult) }),
  attemptCompletion: z.object({ toolResult: PerstackToolResult }),
  finishToolCall: z.object({ newMessages: anything }),
  resumeToolCalls: z.object({ pendingToolCalls: z.array(PerstackToolCall), partialToolResults: anything }),
  finishAllToolCalls: z.object({ newMessages: anything }),
  continueToNextStep: z.object(end),
  stopRunByInteractiveTool: z.object(end),
  stopRunByDelegate: z.object(end),
  stopRunByExceededMaxSteps: z.object(end),
  stopRunByError: z.object({ ...end, error: PerstackError }),
  completeRun: z.object({ ...end, text: text.catch(""), usage }),
  startStreamingReasoning: stream,
  streamReasoning: stream,
  completeStreamingReasoning: stream,
  startStreamingRunResult: stream,
  streamRunResult: stream,
  completeStreamingRunResult: stream,
} as const;

/** The documentation's names: for what no runtime writes so, but others may. */
export const documentedPayloads = {
  startRun: z.object({ query: maybe(text), model: maybe(text), instruction: maybe(text) }),
  finishGeneration: z.object({
    usage,
    text: maybe(text),
    newMessage: z.unknown().optional(),
    toolCalls: maybe(z.array(PerstackToolCall)),
  }),
  finishStep: z.object({ usage, checkpoint: maybe(SavedCheckpoint) }),
  finishRun: z.object({ text: text.catch(""), totalUsage: usage, usage }),
  errorRun: z.object({ error: z.union([PerstackError, text]).catch("") }),
  startReasoning: stream,
  completeReasoning: stream,
  startRunResult: stream,
  completeRunResult: stream,
} as const;

export const PerstackEnvelope = z.object({
  id: maybe(text),
  timestamp: z.number().int().nonnegative(),
  jobId: text.catch(""),
  runId: text,
  /** Neither of RuntimeEvents. */
  expertKey: maybe(text),
  stepNumber: maybe(z.number().int().nonnegative()),
});
export type PerstackEnvelope = z.infer<typeof PerstackEnvelope>;

type Payloads = typeof perstackPayloads;
type Documented = typeof documentedPayloads;
export type PerstackEventType = keyof Payloads;
type DocumentedName<T extends keyof Documented> = T extends "startRun" ? "documentedStart" : T;

export type PerstackEvent =
  | { [T in PerstackEventType]: PerstackEnvelope & { type: T } & z.infer<Payloads[T]> }[PerstackEventType]
  | {
      [T in keyof Documented]: PerstackEnvelope & { type: DocumentedName<T> } & z.infer<Documented[T]>;
    }[keyof Documented]
  | (PerstackEnvelope & { type: "unknown"; name: string; data: Record<string, unknown> });
export type PerstackEventOf<T extends PerstackEvent["type"]> = Extract<PerstackEvent, { type: T }>;

/** An event from outside; what has no envelope, or not the payload of its name, is answered with the reason. */
export function parsePerstackEvent(value: unknown): { event: PerstackEvent } | { problem: string } {
  const envelope = PerstackEnvelope.safeParse(value);
  if (!envelope.success) return { problem: `not an event: ${problemOf(envelope.error)}` };
  const { type, ...data } = value as Record<string, unknown>;
  if (typeof type !== "string") return { problem: "not an event: type: not a string" };
  const own = Object.hasOwn(perstackPayloads, type) ? perstackPayloads[type as PerstackEventType] : undefined;
  const documented = Object.hasOwn(documentedPayloads, type) ? documentedPayloads[type as keyof Documented] : undefined;
  if (!own && !documented) return { event: { ...envelope.data, type: "unknown", name: type, data } };
  const payload = own?.safeParse(value);
  if (payload?.success) return { event: { ...envelope.data, type, ...payload.data } as PerstackEvent };
  // Where the names are the same, the payload tells them apart.
  const isDocumented = documented && (!own || !("initialCheckpoint" in data));
  const told = isDocumented ? documented.safeParse(value) : undefined;
  if (told?.success) {
    return { event: { ...envelope.data, type: own ? "documentedStart" : type, ...told.data } as PerstackEvent };
  }
  const error = payload?.error ?? told?.error;
  return { problem: `${type}: ${error ? problemOf(error) : "not readable"}` };
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".") || "event"}: ${issue.message}` : "not readable";
}
