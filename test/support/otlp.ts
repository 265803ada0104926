/** Spans as OTLP's JSON has them, for tests: what an instrumented program would send. */

export interface TestSpan {
  trace?: string;
  id: number;
  parent?: number;
  name: string;
  /** ms after the beginning of the test's time; `end` absent: it has not ended. */
  start?: number;
  end?: number;
  attributes?: Readonly<Record<string, unknown>>;
  error?: string;
  events?: readonly { name: string; at?: number; attributes?: Readonly<Record<string, unknown>> }[];
}

/** The test's time begins here, Unix ms. */
export const otlpStart = 1_770_000_000_000;
export const testTrace = "5b8efff798038103d269b633813fc60c";

export function spanId(id: number): string {
  return id.toString(16).padStart(16, "0");
}

export function otlpSpan(span: TestSpan): object {
  const { trace = testTrace, id, parent, name, start, end, attributes = {}, error, events } = span;
  return {
    ...{
      traceId: trace,
      spanId: spanId(id),
      ...(parent !== undefined && { parentSpanId: spanId(parent) }),
      name,
      kind: 1,
    },
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: keyValues(attributes),
    ...(events && {
      events: events.map((event) => ({
        ...{ name: event.name, timeUnixNano: nanos(event.at ?? start), attributes: keyValues(event.attributes ?? {}) },
      })),
    }),
    status: error === undefined ? {} : { code: 2, message: error },
  };
}

/** An object of OTLP with these spans. */
export function otlp(spans: readonly TestSpan[], service = "shop"): object {
  const resource = { attributes: keyValues({ "service.name": service }) };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans: spans.map(otlpSpan) }] }] };
}

export function nanos(ms: number | undefined): string {
  return ms === undefined ? "0" : `${BigInt(otlpStart + ms) * 1_000_000n}`;
}

export function keyValues(record: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(record).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value as Record<string, unknown>) } };
}

const text = (content: string) => [{ type: "text", content }];

/** An agent that asks a model twice, calls a tool in between, and answers. */
export const agentSpans: readonly TestSpan[] = [
  {
    ...{ id: 2, parent: 1, name: "chat gpt-5", start: 100, end: 1100 },
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5",
      "gen_ai.input.messages": [{ role: "user", parts: text("Weather in Paris?") }],
      "gen_ai.output.messages": [
        {
          role: "assistant",
          parts: [{ type: "tool_call", id: "call_1", name: "get_weather", arguments: { location: "Paris" } }],
          finish_reason: "tool_call",
        },
      ],
      "gen_ai.response.finish_reasons": ["tool_calls"],
      "gen_ai.usage.input_tokens": 50,
      "gen_ai.usage.output_tokens": 10,
    },
  },
  {
    ...{ id: 3, parent: 1, name: "execute_tool get_weather", start: 1200, end: 1500 },
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "get_weather",
      "gen_ai.tool.call.id": "call_1",
      "gen_ai.tool.call.arguments": '{"location":"Paris"}',
      "gen_ai.tool.call.result": "rainy, 57°F",
    },
  },
  {
    ...{ id: 4, parent: 1, name: "chat gpt-5", start: 1600, end: 2600 },
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5",
      "gen_ai.output.messages": JSON.stringify([
        { role: "assistant", parts: text("It rains in Paris."), finish_reason: "stop" },
      ]),
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 80,
      "gen_ai.usage.output_tokens": 20,
      "gen_ai.usage.cache_read.input_tokens": 40,
    },
  },
  {
    ...{ id: 1, name: "invoke_agent Forecaster", start: 0, end: 2700 },
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.name": "Forecaster",
      "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: text("Weather in Paris?") }]),
    },
  },
];
