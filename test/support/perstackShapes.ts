/** Perstack's schemas (core 0.0.32), strict: no key that it would drop, none missing that it wants. */
import * as z from "zod";
import { CheckpointStatus } from "../../src/model/checkpoint";

const text = z.string();
const id = text.min(1);
const step = z.number().int().positive();

const Usage = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  reasoningTokens: z.number(),
  totalTokens: z.number(),
  cachedInputTokens: z.number(),
});
const TextPart = z.strictObject({ type: z.literal("textPart"), id, text });
const Inline = { id, encodedData: text, mimeType: text };
const Content = z.discriminatedUnion("type", [
  TextPart,
  z.strictObject({ type: z.literal("imageInlinePart"), ...Inline }),
  z.strictObject({ type: z.literal("fileInlinePart"), ...Inline }),
]);
/** Ours: what a provider wants back with the part, where it is more than a signature. */
const providerOptions = z.record(text, z.record(text, z.json())).optional();
const Message = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("instructionMessage"), id, contents: z.array(TextPart), cache: z.literal(true) }),
  z.strictObject({ type: z.literal("userMessage"), id, contents: z.array(Content) }),
  z.strictObject({
    type: z.literal("expertMessage"),
    id,
    contents: z.array(
      z.discriminatedUnion("type", [
        TextPart,
        z.strictObject({
          ...{ type: z.literal("toolCallPart"), id, toolCallId: id, toolName: text, args: z.unknown() },
          providerOptions,
        }),
        z.strictObject({
          ...{ type: z.literal("thinkingPart"), id, thinking: text, signature: text.optional() },
          providerOptions,
        }),
      ]),
    ),
  }),
  z.strictObject({
    type: z.literal("toolMessage"),
    id,
    contents: z.array(
      z.strictObject({
        type: z.literal("toolResultPart"),
        ...{ id, toolCallId: id, toolName: text, contents: z.array(Content) },
        isError: z.literal(true).optional(),
      }),
    ),
  }),
]);
const call = { id: id.max(255), skillName: id.max(255), toolName: text };
const ToolCall = z.strictObject({ ...call, args: z.unknown() });
/** In a checkpoint arguments must be an object. */
const PendingToolCall = z.strictObject({ ...call, args: z.record(text, z.unknown()) });
const ToolResult = z.strictObject({ ...call, result: z.array(Content), isError: z.literal(true).optional() });
const ExpertRef = z.strictObject({ key: id, name: id, version: id });
const StopError = z.strictObject({
  name: id,
  message: text,
  statusCode: z.number().optional(),
  isRetryable: z.boolean(),
});

const delegation = { toolCallId: id, toolName: id };
export const CheckpointShape = z.strictObject({
  id,
  jobId: id,
  runId: id,
  status: CheckpointStatus,
  stepNumber: step,
  messages: z.array(Message),
  expert: ExpertRef,
  delegateTo: z.array(z.strictObject({ expert: ExpertRef, ...delegation, query: text })).optional(),
  delegatedBy: z.strictObject({ expert: ExpertRef, ...delegation, checkpointId: id, runId: id }).optional(),
  usage: Usage,
  contextWindow: z.number().optional(),
  contextWindowUsage: z.number().min(0).max(1).optional(),
  pendingToolCalls: z.array(PendingToolCall).optional(),
  partialToolResults: z.array(ToolResult).optional(),
  error: StopError.optional(),
  retryCount: z.number().int().optional(),
});

const StepShape = z.strictObject({
  stepNumber: step,
  inputMessages: z.array(Message),
  newMessages: z.array(Message),
  toolCalls: z.array(ToolCall).optional(),
  toolResults: z.array(ToolResult).optional(),
  pendingToolCalls: z.array(ToolCall).optional(),
  partialToolResults: z.array(ToolResult).optional(),
  usage: Usage,
  startedAt: z.number().positive(),
  finishedAt: z.number().positive(),
});

const end = { checkpoint: CheckpointShape, step: StepShape };
const called = { newMessage: Message, usage: Usage };
const messages = z.array(Message);
const skillName = id;

const runPayloads = {
  startRun: { initialCheckpoint: CheckpointShape, inputMessages: messages },
  startGeneration: { messages },
  retry: { reason: id, newMessages: messages, usage: Usage },
  callTools: { ...called, toolCalls: z.array(ToolCall).min(1) },
  callDelegate: { ...called, toolCalls: z.array(ToolCall).min(1) },
  callInteractiveTool: { ...called, toolCall: ToolCall },
  resolveToolResults: { toolResults: z.array(ToolResult).min(1) },
  attemptCompletion: { toolResult: ToolResult },
  finishToolCall: { newMessages: messages.length(1) },
  resumeToolCalls: { pendingToolCalls: z.array(ToolCall).min(1), partialToolResults: z.array(ToolResult) },
  finishAllToolCalls: { newMessages: messages.length(1) },
  continueToNextStep: { ...end, nextCheckpoint: CheckpointShape },
  stopRunByDelegate: end,
  stopRunByInteractiveTool: end,
  stopRunByExceededMaxSteps: end,
  stopRunByError: { ...end, error: StopError },
  completeRun: { ...end, text, usage: Usage },
  startStreamingReasoning: {},
  streamReasoning: { delta: text },
  completeStreamingReasoning: { text },
  startStreamingRunResult: {},
  streamRunResult: { delta: text },
  completeStreamingRunResult: { text },
};
const answer = z.strictObject({ toolCallId: id, toolName: id, skillName, text });
const runtimePayloads = {
  initializeRuntime: {
    ...{ runtimeVersion: id, runtime: z.literal("local"), expertName: id, experts: z.array(id).min(1), model: text },
    ...{ maxSteps: z.number(), maxRetries: z.number(), timeout: z.number() },
    ...{ query: text.optional(), interactiveToolCall: answer.optional() },
  },
  skillStarting: { skillName, command: text, args: z.array(text) },
  skillStderr: { skillName, message: text },
  skillConnected: {
    skillName,
    serverInfo: z.strictObject({ name: text, version: text }).optional(),
    ...{ connectDurationMs: z.number(), totalDurationMs: z.number() },
  },
  skillDisconnected: { skillName },
};

const envelope = { id, timestamp: z.number().int().positive(), jobId: id, runId: id };
const shapes = new Map<string, z.ZodType>([
  ...Object.entries(runPayloads).map(([type, payload]): [string, z.ZodType] => [
    type,
    z.strictObject({ type: z.literal(type), ...envelope, expertKey: id, stepNumber: step, ...payload }),
  ]),
  ...Object.entries(runtimePayloads).map(([type, payload]): [string, z.ZodType] => [
    type,
    z.strictObject({ type: z.literal(type), ...envelope, ...payload }),
  ]),
]);

/** What is wrong with an event that Perstack is to read; `undefined` where nothing is. */
export function faultOfEvent(event: unknown): string | undefined {
  const type = typeof event === "object" && event !== null && "type" in event ? String(event.type) : "";
  const shape = shapes.get(type);
  if (!shape) return `${type}: no such event`;
  const parsed = shape.safeParse(JSON.parse(JSON.stringify(event)));
  return parsed.success ? undefined : `${type}: ${z.prettifyError(parsed.error)}`;
}
