/** Writes logs of any size fast: one run, the same each time, line for line in the shape in which the runtime writes it. */
import { closeSync, openSync, writeSync } from "node:fs";
import { addUsage, noUsage } from "../../src/model/addUsage";
import type { EventPayload, RunEvent } from "../../src/model/events";
import type { EventError } from "../../src/model/failure";
import type { ToolCall } from "../../src/model/message";
import type { Usage } from "../../src/model/usage";

export interface LargeLogOptions {
  /** Exactly so many lines; at least 8. */
  events: number;
  /** On average; below about 300 there is nothing to leave out. Default 300. */
  bytesPerEvent?: number;
  jobId?: string;
  runId?: string;
  expertKey?: string;
  query?: string;
  /** Unix ms. */
  startedAt?: number;
  /** Of so many tool calls one fails; default 50. */
  failEach?: number;
  /** In one of so many steps a generation is retried; default 40. */
  retryEach?: number;
  /** Default "finish"; "open": it goes on, or was killed. */
  end?: "finish" | "error" | "open";
  /** All of it is one step, with as many tool calls as it takes. */
  isOneStep?: boolean;
  /** What each tool result begins with; `call` counts from 1. */
  textOf?: (call: number) => string;
}

export interface LargeLog {
  events: number;
  bytes: number;
  steps: number;
  /** Those that `failureOf` finds. */
  failures: number;
  usage: Usage;
  cost: number;
  /** Unix ms. */
  finishedAt: number;
}

const pieceLength = 1024 * 1024;

/** 1,000,000 events take a few seconds. */
export function writeLargeLog(file: string, options: LargeLogOptions): LargeLog {
  const descriptor = openSync(file, "wx");
  try {
    const run = new LargeRun(options);
    let bytes = 0;
    let piece = "";
    const flush = () => {
      const buffer = Buffer.from(piece);
      for (let at = 0; at < buffer.length; ) at += writeSync(descriptor, buffer, at);
      bytes += buffer.length;
      piece = "";
    };
    run.play((line) => {
      piece += line;
      if (piece.length >= pieceLength) flush();
    });
    flush();
    const { seq: events, step: steps, failures, usage, cost, time: finishedAt } = run;
    return { events, bytes, steps, failures, usage, cost, finishedAt };
  } finally {
    closeSync(descriptor);
  }
}

/** The same events, as whoever listens to the run hears them. */
export function largeRun(options: LargeLogOptions): RunEvent[] {
  const events: RunEvent[] = [];
  new LargeRun(options).play((line) => events.push(JSON.parse(line) as RunEvent));
  return events;
}

/** startGeneration, finishGeneration, two words of a skill's, three calls, finishStep. */
const stepEvents = 11;
const stepCalls = 3;
/** Of an event on average, where results are empty. */
const plainBytes = 303;

class LargeRun {
  seq = 0;
  step = 0;
  time: number;
  failures = 0;
  usage: Usage = noUsage;
  cost = 0;
  private calls = 0;
  private readonly filler: string;
  private readonly identity: string;
  private readonly author: string;
  private tell: (line: string) => void = () => undefined;

  constructor(private readonly options: LargeLogOptions) {
    const { jobId = idOf(1, "j"), runId = idOf(1, "r"), expertKey = "solo", bytesPerEvent = 300 } = options;
    this.time = options.startedAt ?? Date.UTC(2026, 0, 1);
    this.identity = `"jobId":${JSON.stringify(jobId)},"runId":${JSON.stringify(runId)}`;
    this.author = `"expertKey":${JSON.stringify(expertKey)}`;
    const missing = Math.max(0, Math.round(((bytesPerEvent - plainBytes) * stepEvents) / stepCalls));
    this.filler = "the quick brown fox jumps over the lazy dog ".repeat(1 + missing / 44).slice(0, missing);
  }

  play(tell: (line: string) => void): void {
    const { events, end = "finish", isOneStep = false } = this.options;
    this.tell = tell;
    this.begin();
    const last = end === "open" ? events : events - 1;
    while (this.seq < last) {
      const left = last - this.seq;
      // The last step takes what is left, for that may be too little for one of its own.
      this.playStep(isOneStep || left < stepEvents + 8 ? left : stepEvents);
    }
    if (end !== "open") this.finish(end);
  }

  /** The runtime writes the envelope first, then the payload. */
  private emit(payload: EventPayload): void {
    this.seq += 1;
    this.time += 1 + (this.seq % 13);
    const { seq, time, identity, author, step } = this;
    const head = `{"id":"${idOf(seq, "e")}","timestamp":${time},${identity},"seq":${seq},${author},"step":${step},`;
    this.tell(`${head}${JSON.stringify(payload).slice(1)}\n`);
  }

  private begin(): void {
    this.emit({
      type: "startRun",
      query: this.options.query ?? "Make the tests pass",
      instruction: "You are the expert of this run. Do what you are asked.",
      provider: "anthropic",
      model: "claude-sonnet-4-5",
      limits: { maxSteps: 1_000_000, maxRetries: 2, timeoutMs: 60_000 },
      expertVersion: "1.0.0",
      requestId: "request",
      runtimeVersion: "0.1.0",
      tools: ["readTextFile", "exec"],
    });
  }

  private finish(kind: "finish" | "error"): void {
    const totals = { totalUsage: this.usage, cost: this.cost, durationMs: this.seq * 7 };
    if (kind === "finish") this.emit({ type: "finishRun", text: "All tests pass.", ...totals });
    else this.fail({ type: "errorRun", error: { ...overloaded, isRetryable: false }, ...totals });
  }

  private fail(payload: EventPayload): void {
    this.failures += 1;
    this.emit(payload);
  }

  /** Exactly `size` events, at least 3. */
  private playStep(size: number): void {
    this.step += 1;
    let left = size - 3;
    let attempt = 1;
    if (this.step % (this.options.retryEach ?? 40) === 0 && left >= 3) {
      this.emit({ type: "startGeneration", attempt, messageCount: 2 * this.step });
      this.emit({
        ...{ type: "finishGeneration", attempt, finishReason: "error", toolCalls: [], durationMs: 12 },
        error: overloaded,
      });
      this.fail({ type: "retryGeneration", attempt, error: overloaded, delayMs: 500 });
      left -= 3;
      attempt += 1;
    }
    const calls = this.options.isOneStep ? Math.floor(left / 2) : Math.min(stepCalls, Math.floor(left / 2));
    const usage = this.generate(attempt, calls);
    for (let word = 2 * calls; word < left; word += 1) {
      this.emit({ type: "logSkill", skill: "files", line: `word ${word} of step ${this.step}` });
    }
    for (let call = 0; call < calls; call += 1) this.call();
    this.emit({ type: "finishStep", usage, checkpointId: idOf(this.step, "c"), durationMs: 166.7 });
  }

  private generate(attempt: number, calls: number): Usage {
    this.emit({ type: "startGeneration", attempt, messageCount: 2 * this.step });
    const inputTokens = 900 + (this.step % 200);
    const usage = { inputTokens, outputTokens: 40, totalTokens: inputTokens + 40 };
    const cost = 0.003;
    // Nobody asks for a hundred thousand calls at once: of a huge step the first few are told.
    const toolCalls = Array.from({ length: Math.min(calls, 8) }, (_, index) => callOf(this.calls + index + 1));
    this.emit({
      ...{ type: "finishGeneration", attempt, usage, finishReason: "toolCalls", toolCalls, durationMs: 161.3, cost },
    });
    this.usage = addUsage(this.usage, usage);
    this.cost += cost;
    return usage;
  }

  private call(): void {
    this.calls += 1;
    const { id: toolCallId, skill, tool, args } = callOf(this.calls);
    const text = `${this.options.textOf?.(this.calls) ?? ""}${this.filler}`;
    this.emit({ type: "startToolCall", toolCallId, skill, tool, args });
    const call = { type: "finishToolCall" as const, toolCallId, skill, tool };
    if (this.calls % (this.options.failEach ?? 50) === 0) {
      const told = JSON.stringify({ error: "Error", message: `It failed. ${text}` });
      const result = [{ type: "textPart" as const, text: told }];
      this.fail({ ...call, isError: true, errorClass: "tool_error", result, durationMs: 1.2 });
    } else {
      this.emit({ ...call, isError: false, result: [{ type: "textPart", text }], durationMs: 1.2 });
    }
  }
}

const overloaded: EventError = {
  ...{ name: "ModelError", message: "Overloaded", class: "provider_rate_limit", isRetryable: true },
};

function callOf(number: number): ToolCall {
  const isRead = number % 3 !== 0;
  const args = isRead ? { path: `part${number % 97}.ts` } : { command: "npm test" };
  return { id: `c${number}`, tool: isRead ? "readTextFile" : "exec", args, skill: "@perstack/base" };
}

/** As long as the real ones, and another one for each number of a kind. */
export function idOf(number: number, kind: string): string {
  // Odd numbers permute the 32 bits, so that nothing is lost.
  const mixed = Math.imul(number, 2_654_435_761) >>> 0;
  return `${kind}0k3x9zq7w5v1${10_000_000_000 + mixed}`;
}
