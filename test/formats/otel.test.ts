/** OTLP files with spans of agents, models and tools, in every form in which they are written, read as runs. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ForeignRun, ForeignRuns } from "../../src/formats/format";
import { otel } from "../../src/formats/otel/otel";
import { runOf } from "../../src/model/run";
import { agentSpans, otlp, otlpSpan, otlpStart, spanId, type TestSpan, testTrace } from "../support/otlp";
import { checkLaws, eventsIn } from "./foreignRunLaws";

async function read(content: string, name = "traces.jsonl"): Promise<ForeignRuns> {
  const file = join(await mkdtemp(join(tmpdir(), "runtrail-otel-")), name);
  await writeFile(file, content);
  const reading = await otel.read(file);
  checkLaws(reading.runs);
  return reading;
}

async function readSpans(...spans: TestSpan[]): Promise<ForeignRuns> {
  return await read(`${JSON.stringify(otlp(spans))}\n`);
}

const essentials = (runs: readonly ForeignRun[]) => runs.map(({ events }) => events);
const operation = (name: string, more: Record<string, unknown> = {}) => ({ "gen_ai.operation.name": name, ...more });
const agent = (name: string) => operation("invoke_agent", { "gen_ai.agent.name": name });
const [firstChat, call, secondChat, whole] = agentSpans as [TestSpan, TestSpan, TestSpan, TestSpan];

it("reads an agent: a step for each generation, its calls, what it used, and what it answered", async () => {
  const { runs, problems } = await readSpans(...agentSpans);
  expect(problems).toEqual([]);
  expect(runOf(runs[0]?.events ?? [])).toMatchObject({
    ...{ jobId: testTrace, runId: spanId(1), expertKey: "Forecaster", status: "finished", provider: "openai" },
    ...{ model: "gpt-5", query: "Weather in Paris?", text: "It rains in Paris.", startedAt: otlpStart },
    usage: { inputTokens: 130, outputTokens: 30, totalTokens: 160, cachedInputTokens: 40 },
    steps: [
      {
        items: [
          { kind: "generation", durationMs: 1000 },
          { kind: "toolCall", tool: "get_weather", durationMs: 300 },
        ],
      },
      { items: [{ kind: "generation", text: "It rains in Paris.", finishReason: "stop" }] },
    ],
    failures: [],
  });
});

it("reads the same from one object over many lines, several lines, any order, and spans that come twice", async () => {
  const { runs } = await readSpans(...agentSpans);
  const lines = (spans: readonly TestSpan[]) => spans.map((span) => `${JSON.stringify(otlp([span]))}\n`).join("");
  const noise = `${JSON.stringify({ resourceLogs: [] })}\n${JSON.stringify({ resourceMetrics: [] })}\n`;
  const same = [
    await read(JSON.stringify(otlp(agentSpans), undefined, 2), "trace.json"),
    await read(JSON.stringify(otlp(agentSpans)), "trace.json"),
    await read(lines([...agentSpans].reverse())),
    await read(noise + lines([...agentSpans, firstChat, call])),
    await read(`\ufeff${lines(agentSpans).replaceAll("\n", "\r\n")}`),
  ];
  for (const { runs: read, problems } of same) {
    expect(problems).toEqual([]);
    expect(essentials(read)).toEqual(essentials(runs));
  }
});

it("reads ids in base64, enums by name, fields by the protocol's names, and times as numbers", async () => {
  const base64 = (hex: string) => Buffer.from(hex, "hex").toString("base64");
  const spans = agentSpans.map((span) => {
    const {
      traceId,
      spanId: id,
      parentSpanId,
      startTimeUnixNano,
      endTimeUnixNano,
      ...rest
    } = otlpSpan(span) as Record<string, string>;
    return {
      ...{ ...rest, trace_id: base64(traceId ?? ""), span_id: base64(id ?? ""), kind: "SPAN_KIND_INTERNAL" },
      ...{ parent_span_id: base64(parentSpanId ?? ""), status: { code: "STATUS_CODE_UNSET" } },
      ...{ start_time_unix_nano: Number(startTimeUnixNano), end_time_unix_nano: Number(endTimeUnixNano) },
    };
  });
  const { runs, problems } = await read(JSON.stringify({ resource_spans: [{ scope_spans: [{ spans }] }] }), "a.json");
  expect(problems).toEqual([]);
  expect(essentials(runs)).toEqual(essentials((await readSpans(...agentSpans)).runs));
});

it("reads an agent that a tool call calls as a run of its own, whose usage counts for both", async () => {
  const { runs } = await readSpans(
    { id: 1, name: "invoke_agent Lead", start: 0, end: 5000, attributes: agent("Lead") },
    { ...call, id: 3, start: 100, end: 4000, attributes: operation("execute_tool", { "gen_ai.tool.name": "ask" }) },
    { id: 5, parent: 3, name: "invoke_agent Helper", start: 200, end: 3000, attributes: agent("Helper") },
    { ...firstChat, id: 6, parent: 5, start: 300, end: 2000 },
  );
  const [lead, helper] = runs.map(({ events }) => runOf(events));
  expect(lead).toMatchObject({ expertKey: "Lead", usage: { totalTokens: 60 }, status: "finished" });
  expect(lead?.steps[0]?.items[0]).toMatchObject({ kind: "toolCall", tool: "ask", childRunId: spanId(5) });
  expect(helper).toMatchObject({ expertKey: "Helper", parent: { runId: spanId(1) }, usage: { totalTokens: 60 } });
  expect(runs.map(({ dir }) => dir.split("#")[1])).toEqual([spanId(1), spanId(5)]);
});

it("leaves a run open whose span has not come or has not ended", async () => {
  const missing = await readSpans(firstChat, call);
  expect(missing.runs).toMatchObject([{ runId: spanId(1) }]);
  expect(runOf(missing.runs[0]?.events ?? [])).toMatchObject({ status: "running", query: "Weather in Paris?" });
  const { end: _, ...openCall } = call;
  const { end: __, ...openRun } = whole;
  const open = await readSpans(openRun, firstChat, openCall);
  const run = runOf(open.runs[0]?.events ?? []);
  expect(run).toMatchObject({ status: "running", expertKey: "Forecaster" });
  expect(run?.steps[0]?.items[1]).not.toHaveProperty("finishedAt");
});

it("reads a call of a model alone, without an agent, as a run", async () => {
  const { parent: _, ...alone } = firstChat;
  const { runs } = await readSpans(alone);
  expect(runOf(runs[0]?.events ?? [])).toMatchObject({
    ...{ expertKey: "shop", status: "finished", query: "Weather in Paris?", usage: { totalTokens: 60 } },
    steps: [{ items: [{ kind: "generation" }] }],
  });
});

it("keeps spans it has no word for as notes, and counts what two libraries tell of once", async () => {
  const { runs } = await readSpans(
    ...agentSpans,
    { ...firstChat, id: 7, parent: 2, start: 150, end: 1000 },
    { ...call, id: 8, parent: 3, name: "tools/call get_weather", start: 1250, end: 1450 },
    { id: 9, parent: 1, name: "GET /weather", start: 1300, end: 1400, attributes: { "http.request.method": "GET" } },
  );
  const [run] = runs;
  expect(runOf(run?.events ?? [])).toMatchObject({ usage: { totalTokens: 160 } });
  expect(run && eventsIn(run, "startToolCall")).toHaveLength(1);
  expect(run && eventsIn(run, "foreignEvent").map(({ name }) => name)).toEqual([
    ...["chat gpt-5", "tools/call get_weather", "GET /weather"],
  ]);
  expect(run && eventsIn(run, "foreignEvent")[2]).toMatchObject({
    data: { durationMs: 100, attributes: { "http.request.method": "GET" } },
  });
});

it("tells a generation that failed and was tried again as recovered, and one that was not as the end", async () => {
  const failed = {
    ...{ ...firstChat, id: 9, start: 10, end: 20, error: "slow down" },
    attributes: operation("chat", { "error.type": "429" }),
  };
  const recovered = await readSpans(failed, ...agentSpans);
  expect(runOf(recovered.runs[0]?.events ?? [])).toMatchObject({
    status: "finished",
    failures: [{ grade: "recovered", class: "provider_rate_limit", reason: "slow down", step: 1 }],
  });
  const fatal = await readSpans({ ...failed, id: 2 }, { ...whole, error: "the model gave up" });
  expect(runOf(fatal.runs[0]?.events ?? [])).toMatchObject({
    ...{ status: "failed", error: { message: "the model gave up" } },
    failures: [{ grade: "fatal" }],
  });
});

it("tells what a tool call failed with, from its status, exception or error type", async () => {
  const exception = { "exception.type": "KeyError", "exception.message": "no such city" };
  const failed: TestSpan = {
    ...{ ...call, error: "" },
    attributes: operation("execute_tool", { "gen_ai.tool.name": "get_weather", "error.type": "KeyError" }),
    events: [{ name: "exception", attributes: exception }],
  };
  const { runs } = await readSpans(firstChat, failed, secondChat, whole);
  expect(runOf(runs[0]?.events ?? [])?.failures).toMatchObject([
    { grade: "recovered", class: "tool_error", reason: "get_weather: no such city" },
  ]);
});

it("knows a cancelled agent from a failed one", async () => {
  const attributes = { ...whole.attributes, "error.type": "asyncio.CancelledError" };
  const { runs } = await readSpans(firstChat, { ...whole, attributes, error: "cancelled by the user" });
  expect(runOf(runs[0]?.events ?? [])).toMatchObject({ status: "stopped", stopReason: "cancelled" });
});

it.each([
  [
    "attributes with a number for each message",
    {
      attributes: {
        ...{ "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be brief." },
        ...{ "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "Hi" },
        ...{ "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Hello." },
        "gen_ai.completion.0.tool_calls.0.name": "look",
        "gen_ai.completion.0.tool_calls.0.id": "c1",
        "gen_ai.completion.0.tool_calls.0.arguments": '{"at":"x"}',
      },
    },
  ],
  [
    "events of the span",
    {
      events: [
        { name: "gen_ai.system.message", attributes: { content: "Be brief." } },
        { name: "gen_ai.user.message", attributes: { content: "Hi" } },
        {
          name: "gen_ai.choice",
          attributes: {
            message: {
              ...{ role: "assistant", content: "Hello." },
              tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"at":"x"}' } }],
            },
          },
        },
      ],
    },
  ],
  [
    "an event with the details",
    {
      events: [
        {
          name: "gen_ai.client.inference.operation.details",
          attributes: {
            "gen_ai.input.messages": [
              { role: "system", parts: [{ type: "text", content: "Be brief." }] },
              { role: "user", parts: [{ type: "text", content: "Hi" }] },
            ],
            "gen_ai.output.messages": [
              {
                role: "assistant",
                parts: [
                  { type: "text", content: "Hello." },
                  { type: "tool_call", id: "c1", name: "look", arguments: { at: "x" } },
                ],
              },
            ],
          },
        },
      ],
    },
  ],
  [
    "OpenInference's attributes",
    {
      attributes: {
        ...{ "openinference.span.kind": "LLM", "gen_ai.operation.name": "chat" },
        ...{ "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "Be brief." },
        ...{ "llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.content": "Hi" },
        ...{ "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "Hello." },
        "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "look",
        "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"at":"x"}',
      },
    },
  ],
])("reads what was said from %s", async (_, parts: Partial<TestSpan>) => {
  const attributes = operation("chat", { "gen_ai.system": "openai", ...parts.attributes });
  const { runs } = await readSpans({ id: 1, name: "chat", start: 0, end: 10, ...parts, attributes });
  const [run] = runs;
  expect(run && eventsIn(run, "startRun")).toMatchObject([
    { query: "Hi", instruction: "Be brief.", provider: "openai" },
  ]);
  expect(run && eventsIn(run, "finishGeneration")).toMatchObject([
    { text: "Hello.", toolCalls: [{ id: "c1", tool: "look", args: { at: "x" } }] },
  ]);
});

it("takes a call whose result the model was told as made, though no span is of it", async () => {
  const told = [{ role: "tool", parts: [{ type: "tool_call_response", id: "call_1", response: "rainy" }] }];
  const second = { ...secondChat, attributes: { ...secondChat.attributes, "gen_ai.input.messages": told } };
  const { runs } = await readSpans(firstChat, second, whole);
  const [run] = runs;
  expect(run && eventsIn(run, "finishToolCall")).toMatchObject([
    { toolCallId: "call_1", step: 1, tool: "get_weather", result: [{ text: "rainy" }] },
  ]);
  expect(run && eventsIn(run, "finishToolCall")[0]).not.toHaveProperty("durationMs");
});

it("does not take what is not recorded for nothing", async () => {
  const { runs } = await readSpans(
    { ...firstChat, attributes: operation("chat", { "gen_ai.usage.input_tokens": 5 }) },
    { ...whole, attributes: agent("Forecaster") },
  );
  expect(runOf(runs[0]?.events ?? [])).not.toHaveProperty("usage");
  expect(runs[0]?.events[0]).not.toHaveProperty("model");
});

it("says where a file is damaged, and reads what is whole", async () => {
  const good = JSON.stringify(otlp(agentSpans));
  const mixed = await read(`${good}\n{ resourceSpans:[]}\n{"spans":1}\n[1]\n${good.slice(0, -40)}`);
  expect(mixed.runs).toHaveLength(1);
  expect(mixed.problems).toMatchObject([
    { line: 2, column: 3, reason: "Not JSON." },
    { line: 3, reason: "Not a record of OTLP." },
    { line: 4, reason: "Not a JSON object." },
    { line: 5, reason: expect.stringContaining("torn") },
  ]);
  const [span] = agentSpans.map(otlpSpan);
  const nameless = { resourceSpans: [{ scopeSpans: [{ spans: [3, { ...span, spanId: "" }, span] }] }] };
  const { runs, problems } = await read(`${JSON.stringify(nameless)}\n`);
  expect(runs).toHaveLength(1);
  expect(problems).toMatchObject([{ line: 1 }, { line: 1, reason: expect.stringContaining("ids") }]);
});

it("loses at most the last span of a file that was cut anywhere", async () => {
  const text = JSON.stringify(otlp(agentSpans), undefined, 1);
  const ends = [...text.matchAll(/"status": \{\}\n\s*\}/gu)].map(({ index, 0: found }) => index + found.length);
  expect(ends).toHaveLength(agentSpans.length);
  for (let length = 0; length < text.length; length += 97) {
    const { runs, problems } = await read(text.slice(0, length), "cut.json");
    const written = ends.filter((end) => end <= length).length;
    const events = runs.flatMap((run) => run.events);
    const generations = events.filter(({ type }) => type === "finishGeneration").length;
    expect(generations, `${length}`).toBe([0, 1, 1, 2, 2][written]);
    if (length > 0) expect(problems).toHaveLength(1);
  }
});

it("is not led astray by parents in circles, ids of other traces, deep values and absurd numbers", async () => {
  const deep = JSON.parse(`${"[".repeat(150)}${"]".repeat(150)}`);
  const absurd = operation("chat", {
    ...{ "gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": 1e300, "gen_ai.usage.cost": -1 },
    "gen_ai.input.messages": `${"[".repeat(5000)}${"]".repeat(5000)}`,
    "gen_ai.output.messages": '[{"role":7,"parts":{"type":"text"}},null,3,"x"]',
  });
  const spans = [
    { ...firstChat, id: 2, parent: 3, attributes: absurd },
    { ...call, id: 3, parent: 2 },
    { ...firstChat, id: 2, trace: "0af7651916cd43dd8448eb211c80319c", parent: 2 },
    { ...whole, id: 8, parent: 8, start: 9000, end: 1 },
  ];
  const record = otlp(spans) as { resourceSpans: { scopeSpans: { spans: { attributes: object[] }[] }[] }[] };
  const attributes = record.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes;
  attributes?.push({ key: "deep", value: { arrayValue: { values: [{ arrayValue: { values: deep } }] } } });
  attributes?.push({ key: "odd", value: { doubleValue: "NaN" } }, { key: 3 }, { key: "none", value: {} });
  const { runs } = await read(`${JSON.stringify(record)}\n`);
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(runs.length);
  for (const { events } of runs) expect(runOf(events)).toBeDefined();
});

it("finds the files below a folder, passes over others, and says where nothing is about a model", async () => {
  const root = await mkdtemp(join(tmpdir(), "runtrail-otel-"));
  await mkdir(join(root, "perstack", "exports", "otel"), { recursive: true });
  await mkdir(join(root, "a", "b"), { recursive: true });
  const line = `${JSON.stringify(otlp(agentSpans))}\n`;
  await writeFile(join(root, "a", "b", "traces.jsonl"), line);
  await writeFile(join(root, "perstack", "exports", "otel", "traces.jsonl"), line);
  await writeFile(join(root, "a", "quote.jsonl"), `${JSON.stringify({ text: line, args: otlp(agentSpans) })}\n`);
  await writeFile(join(root, "a", "web.json"), JSON.stringify(otlp([{ id: 1, name: "GET /", start: 1, end: 2 }])));
  expect(await otel.find(root)).toEqual([join(root, "a", "b", "traces.jsonl"), join(root, "a", "web.json")]);
  expect(await otel.accepts(join(root, "a", "quote.jsonl"))).toBe(false);
  const { runs, problems } = await otel.read(join(root, "a"));
  expect(runs).toHaveLength(1);
  expect(problems).toMatchObject([{ file: join(root, "a", "web.json"), reason: expect.stringContaining("gen_ai") }]);
});
