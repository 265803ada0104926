/** What we write in Perstack's vocabulary: the shapes of its events, checkpoints and steps (core 0.0.32), exactly. */
import type { Checkpoint } from "../../model/checkpoint";
import type { Message, MessageOf } from "../../model/message";

export interface WrittenUsage {
  inputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  totalTokens: number;
  cachedInputTokens: number;
}

export interface WrittenToolCall {
  id: string;
  skillName: string;
  toolName: string;
  /** A string where the model's arguments were no JSON. */
  args: unknown;
}

export interface WrittenToolResult {
  id: string;
  skillName: string;
  toolName: string;
  result: MessageOf<"toolMessage">["contents"][number]["contents"];
  /** Perstack never sets it; its schema drops it here and keeps it in messages. */
  isError?: boolean;
}

export interface WrittenError {
  name: string;
  message: string;
  statusCode?: number;
  isRetryable: boolean;
}

export interface WrittenCheckpoint extends Omit<Checkpoint, "usage" | "error"> {
  usage: WrittenUsage;
  error?: WrittenError;
}

export interface WrittenStep {
  stepNumber: number;
  inputMessages: Message[];
  newMessages: Message[];
  usage: WrittenUsage;
  startedAt: number;
  toolCalls?: WrittenToolCall[];
  toolResults?: WrittenToolResult[];
  pendingToolCalls?: WrittenToolCall[];
  partialToolResults?: WrittenToolResult[];
  finishedAt: number;
}

interface InteractiveToolCall {
  toolCallId: string;
  toolName: string;
  skillName: string;
  text: string;
}

/** What a run is given: a query, or the answer that it waited for. */
export type WrittenInput = { query?: string; interactiveToolCall?: InteractiveToolCall };

type EndOfStep = { checkpoint: WrittenCheckpoint; step: WrittenStep };
type Called = { newMessage: Message; usage: WrittenUsage };

export interface RunPayloads {
  startRun: { initialCheckpoint: WrittenCheckpoint; inputMessages: Message[] };
  startGeneration: { messages: Message[] };
  retry: { reason: string; newMessages: Message[]; usage: WrittenUsage };
  callTools: Called & { toolCalls: WrittenToolCall[] };
  callDelegate: Called & { toolCalls: WrittenToolCall[] };
  callInteractiveTool: Called & { toolCall: WrittenToolCall };
  resolveToolResults: { toolResults: WrittenToolResult[] };
  attemptCompletion: { toolResult: WrittenToolResult };
  finishToolCall: { newMessages: Message[] };
  resumeToolCalls: { pendingToolCalls: WrittenToolCall[]; partialToolResults: WrittenToolResult[] };
  finishAllToolCalls: { newMessages: Message[] };
  continueToNextStep: EndOfStep & { nextCheckpoint: WrittenCheckpoint };
  stopRunByDelegate: EndOfStep;
  stopRunByInteractiveTool: EndOfStep;
  stopRunByExceededMaxSteps: EndOfStep;
  stopRunByError: EndOfStep & { error: WrittenError };
  completeRun: EndOfStep & { text: string; usage: WrittenUsage };
  startStreamingReasoning: object;
  streamReasoning: { delta: string };
  completeStreamingReasoning: { text: string };
  startStreamingRunResult: object;
  streamRunResult: { delta: string };
  completeStreamingRunResult: { text: string };
}

export interface RuntimePayloads {
  initializeRuntime: WrittenInput & {
    runtimeVersion: string;
    runtime: "local";
    expertName: string;
    experts: string[];
    model: string;
    maxSteps: number;
    maxRetries: number;
    timeout: number;
  };
  skillStarting: { skillName: string; command: string; args: string[] };
  skillStderr: { skillName: string; message: string };
  skillConnected: {
    skillName: string;
    serverInfo?: { name: string; version: string };
    connectDurationMs: number;
    totalDurationMs: number;
  };
  skillDisconnected: { skillName: string };
}

interface RuntimeEnvelope {
  id: string;
  timestamp: number;
  jobId: string;
  runId: string;
}

export type WrittenRunEvent = {
  [T in keyof RunPayloads]: RuntimeEnvelope & { type: T; expertKey: string; stepNumber: number } & RunPayloads[T];
}[keyof RunPayloads];
export type WrittenRuntimeEvent = {
  [T in keyof RuntimePayloads]: RuntimeEnvelope & { type: T } & RuntimePayloads[T];
}[keyof RuntimePayloads];
export type WrittenEvent = WrittenRunEvent | WrittenRuntimeEvent;
