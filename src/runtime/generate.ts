/** One answer of the model: attempts, timeout, retries with backoff; every attempt that starts has its end event. */
import { messageOf } from "../base/errors";
import { raceAbort } from "../base/raceAbort";
import { cancelError, type EventError } from "../model/failure";
import { costOf, type Price } from "../model/prices";
import { retryDelay } from "./backoff";
import type { Clock, GenerationRequest, GenerationResult, LanguageModel, ToolDefinition } from "./ports";
import { ModelError } from "./ports";
import { eventError, RunCancelled, RunFailure, toEventError } from "./runFailure";
import type { RunState } from "./runState";

export interface GenerateOptions {
  model: LanguageModel;
  price: Price | undefined;
  tools: readonly ToolDefinition[];
  skillOf(tool: string): string;
  /** What the requests of one conversation have in common, for the provider's prompt cache. */
  cacheKey?: string | undefined;
  reasoningBudget: string | number | undefined;
  limits: { maxRetries: number; timeoutMs: number };
  clock: Clock;
  /** 0 to 1. */
  random(): number;
  signal: AbortSignal;
}

/**
 * @param want "answer": text or tool calls, asked for again when there are none · "lastWord": text, which may be empty
 * @throws RunFailure, RunCancelled
 */
export async function generate(
  state: RunState,
  options: GenerateOptions,
  want: "answer" | "lastWord",
): Promise<GenerationResult> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptGeneration(state, options, want, attempt);
    if ("result" in outcome) return outcome.result;
    await prepareRetry(state, options, attempt, outcome);
  }
}

interface FailedAttempt {
  error: EventError;
  retryAfterMs?: number | undefined;
  feedback?: string;
}

async function attemptGeneration(
  state: RunState,
  options: GenerateOptions,
  want: "answer" | "lastWord",
  attempt: number,
): Promise<{ result: GenerationResult } | FailedAttempt> {
  const { clock, signal } = options;
  state.emit({ type: "startGeneration", attempt, messageCount: state.messages.length });
  const started = clock.elapsed();
  const timing: Timing = {};
  try {
    const result = await callModel(state, options, want, timing);
    const { text, reasoning, finishReason, usage } = result;
    const toolCalls = want === "lastWord" ? [] : result.toolCalls;
    const cost = usage && options.price && costOf(usage, options.price);
    state.emit({
      type: "finishGeneration",
      attempt,
      ...(usage && { usage }),
      finishReason,
      ...(text !== "" && { text }),
      ...(reasoning.length > 0 && { reasoning }),
      toolCalls: toolCalls.map((call) => ({ ...call, skill: options.skillOf(call.tool) })),
      durationMs: roundMs(clock.elapsed() - started),
      ...(timing.firstTokenAt !== undefined && { timeToFirstTokenMs: roundMs(timing.firstTokenAt - started) }),
      ...(cost !== undefined && { cost }),
    });
    return faultOfAnswer(result, want) ?? { result };
  } catch (thrown) {
    if (!(thrown instanceof ModelError) && !signal.aborted) throw thrown;
    const cancelled = signal.aborted;
    const error = cancelled ? cancelError : toEventError(thrown);
    state.emit({
      type: "finishGeneration",
      attempt,
      finishReason: cancelled ? "cancelled" : "error",
      toolCalls: [],
      durationMs: roundMs(clock.elapsed() - started),
      error,
    });
    if (cancelled) throw new RunCancelled();
    return { error, ...(thrown instanceof ModelError && { retryAfterMs: thrown.details.retryAfterMs }) };
  }
}

interface Timing {
  firstTokenAt?: number;
}

/** The wire, with the timeout on top; a model that does not heed the signal is left behind. */
async function callModel(
  state: RunState,
  options: GenerateOptions,
  want: "answer" | "lastWord",
  timing: Timing,
): Promise<GenerationResult> {
  const { model, clock, signal, limits } = options;
  const timeout = new AbortController();
  const timer = clock.after(limits.timeoutMs, () => timeout.abort(timeoutError(limits.timeoutMs)));
  const either = AbortSignal.any([signal, timeout.signal]);
  const heard = (type: "streamText" | "streamReasoning") => (delta: string) => {
    timing.firstTokenAt ??= clock.elapsed();
    if (!either.aborted) state.stream({ type, delta });
  };
  const request: GenerationRequest = {
    messages: state.messages,
    tools: options.tools,
    toolChoice: want === "lastWord" ? "none" : "auto",
    signal: either,
    reasoningBudget: options.reasoningBudget,
    ...(options.cacheKey !== undefined && { cacheKey: options.cacheKey }),
    onText: heard("streamText"),
    onReasoning: heard("streamReasoning"),
  };
  try {
    return await raceAbort(model.generate(request), either);
  } catch (error) {
    throw modelFault(error, either);
  } finally {
    timer.dispose();
  }
}

/** Whatever the wire says once the time is up, the timeout is the reason. */
function modelFault(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && signal.reason instanceof ModelError ? signal.reason : error;
}

function timeoutError(timeoutMs: number): ModelError {
  return new ModelError(`The model did not finish its answer within ${timeoutMs} ms.`, {
    class: "timeout",
    isRetryable: true,
  });
}

/** A well-formed answer that is none: the model is told and asked again. */
function faultOfAnswer(result: GenerationResult, want: "answer" | "lastWord"): FailedAttempt | undefined {
  if (result.toolCalls.length > 0 || want === "lastWord") return undefined;
  if (result.finishReason === "length") {
    return {
      error: eventError("provider_bad_request", "The answer was cut off by the model's output limit.", true),
      feedback: "Your answer was cut off by the output limit. Give the whole answer again, shorter.",
    };
  }
  if (result.finishReason === "contentFilter") {
    return { error: eventError("provider_bad_request", "The provider's content filter stopped the answer.") };
  }
  if (result.text.trim() !== "") return undefined;
  return {
    error: eventError("provider_bad_request", "The model gave neither text nor a tool call.", true),
    feedback: "Your answer was empty. Call a tool, or answer in text.",
  };
}

async function prepareRetry(
  state: RunState,
  { limits, clock, random, signal }: GenerateOptions,
  attempt: number,
  { error, retryAfterMs, feedback }: FailedAttempt,
): Promise<void> {
  if (!error.isRetryable) throw new RunFailure(error);
  if (attempt > limits.maxRetries) {
    const message = `${error.message} (Gave up after ${attempt} ${attempt === 1 ? "attempt" : "attempts"}.)`;
    throw new RunFailure({ ...error, message });
  }
  const delayMs = feedback ? 0 : retryDelay(attempt, random(), retryAfterMs);
  if (delayMs > limits.timeoutMs) {
    const message = `${error.message} (The provider asks to wait ${Math.ceil(delayMs / 1000)} s, longer than the timeout.)`;
    throw new RunFailure({ ...error, message });
  }
  state.emit({ type: "retryGeneration", attempt, error, delayMs, ...(feedback && { feedback }) });
  try {
    if (delayMs > 0) await clock.sleep(delayMs, signal);
  } catch (thrown) {
    if (signal.aborted) throw new RunCancelled(messageOf(thrown));
    throw thrown;
  }
}

export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}
