/** Random events and runs for property tests: every durable type, nasty texts, sequences that no runtime would write. */
import * as fc from "fast-check";
import type { AnyEvent, EventType, RunEvent } from "../../src/model/events";
import { livePayloads, payloads } from "../../src/model/events";
import { ErrorClass } from "../../src/model/failure";

/** Texts that break naive output: escape sequences, line breaks of every kind, overrides, lone surrogates, JSON. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    "",
    "\u001b[2J\u001b[31mred\u001b[0m",
    "\u001b]0;title\u0007",
    "\u009b31m",
    "a\r\nb\rc\nd",
    "line\u2028sep\u2029end",
    "safe\u202egnp.exe",
    "\ud800 lone",
    "👩‍👩‍👧‍👦 naïve 日本語",
    '{"stdout":"one\\ntwo","nested":{"a":[1,2,{"b":"\\u001b[1m"}]}}',
    '[{"x":1},{"y":"z"}]',
    "{ not json",
    `${"x".repeat(3000)}\n${"y\n".repeat(300)}`,
  ),
);

const json = fc.oneof(fc.jsonValue({ maxDepth: 3 }), nastyText, fc.dictionary(nastyText, nastyText, { maxKeys: 3 }));
const count = fc.nat({ max: 2_000_000 });
const callId = fc.constantFrom("call-1", "call-2", "call-3");
const call = {
  toolCallId: callId,
  skill: nastyText,
  tool: fc.oneof(fc.constantFrom("exec", "writeTextFile"), nastyText),
};
const usage = fc.record(
  { inputTokens: count, outputTokens: count, totalTokens: count, reasoningTokens: count, cachedInputTokens: count },
  { requiredKeys: ["inputTokens", "outputTokens", "totalTokens"] },
);
const errorClass = fc.constantFrom(...ErrorClass.options);
const error = fc.record(
  {
    name: nastyText,
    message: nastyText,
    class: errorClass,
    statusCode: count,
    isRetryable: fc.boolean(),
    cause: nastyText,
  },
  { requiredKeys: ["name", "message", "class", "isRetryable"] },
);
const result = fc.array(
  fc.oneof(
    fc.record({
      type: fc.constant("textPart" as const),
      text: fc.oneof(
        nastyText,
        json.map((value) => JSON.stringify(value)),
      ),
    }),
    fc.record({ type: fc.constant("imageInlinePart" as const), encodedData: fc.base64String(), mimeType: nastyText }),
  ),
  { maxLength: 3 },
);
const place = fc.record({ uri: nastyText, line: count }, { requiredKeys: ["uri"] });
const totals = { totalUsage: usage, durationMs: count };
const cost = fc.double({ min: 0, max: 100, noNaN: true });
const gate = fc.record({ gate: nastyText, measured: json, threshold: json }, { requiredKeys: ["gate"] });
const node = { node: fc.oneof(nastyText, fc.constantFrom("scan", "score")) };

/** A payload for each durable type: a type without one does not compile. */
const payloadOf = {
  startRun: fc.record(
    {
      query: nastyText,
      instruction: nastyText,
      provider: nastyText,
      model: nastyText,
      limits: fc.record({ maxSteps: count, maxRetries: count, timeoutMs: count }),
      definition: place,
      parent: fc.record({ runId: nastyText }),
      origin: fc.record({ kind: fc.constantFrom("continue", "fork"), jobId: nastyText, runId: nastyText }),
      checkpointId: nastyText,
      requestId: nastyText,
      runtimeVersion: nastyText,
      tools: fc.array(nastyText, { maxLength: 3 }),
    },
    { requiredKeys: ["query", "limits", "requestId", "runtimeVersion", "tools"] },
  ),
  startGeneration: fc.record({ attempt: count, messageCount: count }),
  finishGeneration: fc.record(
    {
      attempt: count,
      usage,
      finishReason: fc.constantFrom("stop", "toolCalls", "length", "contentFilter", "error", "cancelled", "other"),
      text: nastyText,
      reasoning: fc.array(fc.record({ text: nastyText }), { maxLength: 2 }),
      toolCalls: fc.array(fc.record({ id: callId, skill: nastyText, tool: nastyText, args: json }), { maxLength: 2 }),
      durationMs: count,
      timeToFirstTokenMs: count,
      cost,
      error,
    },
    { requiredKeys: ["attempt", "finishReason", "toolCalls", "durationMs"] },
  ),
  retryGeneration: fc.record(
    { attempt: count, error, delayMs: count, feedback: nastyText },
    { requiredKeys: ["attempt", "error", "delayMs"] },
  ),
  startToolCall: fc.record({ ...call, args: json }),
  finishToolCall: fc.record(
    {
      ...call,
      isError: fc.boolean(),
      errorClass,
      result,
      spilled: fc.record({ file: nastyText, bytes: count }),
      durationMs: count,
      touched: fc.array(fc.record({ path: nastyText, change: fc.constantFrom("read", "create", "write", "delete") }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: ["toolCallId", "skill", "tool", "isError", "result", "durationMs"] },
  ),
  startDelegation: fc.record({
    toolCallId: callId,
    childRunId: nastyText,
    childExpertKey: nastyText,
    query: nastyText,
  }),
  finishDelegation: fc.record(
    { toolCallId: callId, childRunId: nastyText, status: nastyText, text: nastyText },
    { requiredKeys: ["toolCallId", "childRunId", "status"] },
  ),
  requestInput: fc.record({ ...call, args: json }),
  receiveInput: fc.record({ toolCallId: callId, text: nastyText, by: nastyText }),
  requestApproval: fc.record({
    approvalId: nastyText,
    ...call,
    effect: fc.constantFrom("write", "exec"),
    summary: nastyText,
  }),
  resolveApproval: fc.record(
    { approvalId: nastyText, granted: fc.boolean(), by: nastyText, reason: nastyText },
    { requiredKeys: ["approvalId", "granted", "by"] },
  ),
  connectSkill: fc.record({ skill: nastyText, transport: nastyText, durationMs: count }),
  logSkill: fc.record({ skill: nastyText, line: nastyText }),
  disconnectSkill: fc.record({ skill: nastyText, reason: nastyText }, { requiredKeys: ["skill"] }),
  passGate: gate,
  failGate: gate,
  readyNode: fc.record(node),
  startNode: fc.record(node),
  finishNode: fc.record(node),
  retryNode: fc.record({ ...node, reason: nastyText, delayMs: count }, { requiredKeys: ["node"] }),
  failNode: fc.record({ ...node, reason: nastyText }),
  skipNode: fc.record({ ...node, reason: nastyText }),
  writeState: fc.record({ ...node, field: nastyText, value: json }),
  finishStep: fc.record({ usage, checkpointId: nastyText, durationMs: count }, { requiredKeys: ["durationMs"] }),
  finishRun: fc.record({ text: nastyText, ...totals, cost }, { requiredKeys: ["text", "totalUsage", "durationMs"] }),
  stopRun: fc.record(
    { reason: fc.constantFrom("maxSteps", "input", "cancelled", "budget"), message: nastyText, ...totals },
    { requiredKeys: ["reason", "totalUsage", "durationMs"] },
  ),
  resumeRun: fc.record({ checkpointId: nastyText, by: nastyText }),
  errorRun: fc.record({ error, location: place, ...totals }, { requiredKeys: ["error", "totalUsage", "durationMs"] }),
  foreignEvent: fc.record({ source: nastyText, name: nastyText, data: json }),
} satisfies Record<EventType, fc.Arbitrary<object>>;

const liveOf = {
  streamReasoning: fc.record({ delta: nastyText }),
  streamText: fc.record({ delta: nastyText }),
  progressTool: fc.record({ toolCallId: callId, text: nastyText }),
  schedulerState: fc.record({ state: json }),
} satisfies Record<keyof typeof livePayloads, fc.Arbitrary<object>>;

export function arbitraryPayload(type: EventType): fc.Arbitrary<object> {
  return payloadOf[type];
}

const envelope = { id: "event", jobId: "job", runId: "run" };

/** Any event of any type, with an envelope. */
export const anyEvent: fc.Arbitrary<AnyEvent> = fc
  .constantFrom(...typesOf(payloads), ...typesOf(livePayloads))
  .chain((type) =>
    fc
      .record({
        payload: isLiveType(type) ? liveOf[type] : payloadOf[type],
        expertKey: nastyText,
        step: fc.nat({ max: 4 }),
        timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
      })
      .map(({ payload, ...rest }) => ({ ...envelope, seq: 1, type, ...rest, ...payload }) as AnyEvent),
  );

/** Durable events of one run with `seq` 1, 2, 3 …; order and steps as chance has it. */
export const anyEvents: fc.Arbitrary<RunEvent[]> = fc
  .array(
    fc.constantFrom(...typesOf(payloads)).chain((type) =>
      fc
        .record({
          payload: payloadOf[type],
          step: fc.nat({ max: 3 }),
          timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
        })
        .map((parts) => ({ type, ...parts })),
    ),
    { maxLength: 30 },
  )
  .map((list) =>
    list.map(
      ({ type, payload, step, timestamp }, index) =>
        ({ ...envelope, expertKey: "demo", seq: index + 1, type, step, timestamp, ...payload }) as RunEvent,
    ),
  );

function typesOf<T extends object>(map: T): (keyof T)[] {
  return Object.keys(map) as (keyof T)[];
}

function isLiveType(type: string): type is keyof typeof livePayloads {
  return Object.hasOwn(livePayloads, type);
}
