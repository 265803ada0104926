/** Runs written as OTLP: by its rules, live as in one go, and nothing is lost on the way back. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { openOtelSink, writeOtel } from "../../src/formats/otel/openOtelSink";
import { otel } from "../../src/formats/otel/otel";
import type { RunEvent } from "../../src/model/events";
import { anyEvents } from "../model/arbitraryEvents";
import { projectRuns } from "../support/formatCases";
import { runLoop } from "../support/loopHarness";
import { agentSpans, otlp } from "../support/otlp";
import { randomTurns } from "../support/randomRuns";
import { scriptedModel } from "../support/scriptedModel";
import { checkLaws } from "./foreignRunLaws";

async function emptyFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "runtrail-otel-"));
}

async function writeAndRead(...runs: (readonly RunEvent[])[]): Promise<{ runs: ForeignRun[]; lines: Line[] }> {
  const folder = await emptyFolder();
  expect(
    await writeOtel(
      runs.map((events) => ({ events })),
      folder,
    ),
  ).toBe(1);
  const { runs: read, problems } = await otel.read(join(folder, "traces.jsonl"));
  expect(problems).toEqual([]);
  checkLaws(read);
  return { runs: read, lines: await linesOf(folder) };
}

interface Line {
  resourceSpans: { resource: object; scopeSpans: { scope: object; spans: Record<string, unknown>[] }[] }[];
}

async function linesOf(folder: string): Promise<Line[]> {
  const text = await readFile(join(folder, "traces.jsonl"), "utf8");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const withoutIds = (events: readonly RunEvent[]) => events.map(({ id: _, ...event }) => event);

it("gives back every run of ours as it was", async () => {
  await fc.assert(
    fc.asyncProperty(randomTurns, async (turns) => {
      const { events } = await runLoop(scriptedModel(turns));
      const { runs } = await writeAndRead(events);
      expect(withoutIds(runs[0]?.events ?? [])).toEqual(JSON.parse(JSON.stringify(withoutIds(events))));
    }),
    { numRuns: 60 },
  );
});

it("gives back what it read of others", async () => {
  const file = join(await emptyFolder(), "traces.jsonl");
  await writeFile(file, `${JSON.stringify(otlp(agentSpans))}\n`);
  const first = await otel.read(file);
  const again = await writeAndRead(...first.runs.map(({ events }) => events));
  expect(projectRuns(again)).toEqual(projectRuns(first));
  expect(again.runs.map(({ events }) => withoutIds(events))).toEqual(
    first.runs.map(({ events }) => withoutIds(events)),
  );
});

it("survives events in any order, and gives back all that have a place", async () => {
  await fc.assert(
    fc.asyncProperty(anyEvents, async (events) => {
      const { runs } = await writeAndRead(events);
      const typesOf = (all: readonly RunEvent[]) =>
        all.filter(({ type }) => type === "failNode" || type === "writeState");
      expect(
        typesOf(runs.flatMap((run) => run.events))
          .map(({ type }) => type)
          .toSorted(),
      ).toEqual(
        typesOf(events)
          .map(({ type }) => type)
          .toSorted(),
      );
    }),
    { numRuns: 100 },
  );
});

it("follows the rules of OTLP's JSON and the names of the conventions", async () => {
  const { events } = await runLoop(
    scriptedModel([
      { text: "I look.", calls: [{ tool: "echo", args: { text: "x" } }] },
      { text: "Done.", calls: [{ tool: "attemptCompletion" }] },
      { text: "All is done." },
    ]),
  );
  const { lines } = await writeAndRead(events);
  const spans = lines.flatMap(({ resourceSpans }) => {
    expect(resourceSpans).toHaveLength(1);
    const [{ resource, scopeSpans } = { resource: {}, scopeSpans: [] }] = resourceSpans;
    expect(resource).toEqual({ attributes: [{ key: "service.name", value: { stringValue: "runtrail" } }] });
    return scopeSpans.flatMap((scope) => scope.spans);
  });
  for (const span of spans) {
    expect(span).toMatchObject({
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/u),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/u),
      startTimeUnixNano: expect.stringMatching(/^\d{19}$/u),
      endTimeUnixNano: expect.stringMatching(/^\d{19}$/u),
    });
    expect([1, 3]).toContain(span.kind);
    expect(JSON.stringify(span)).not.toMatch(/"(?:intValue|timeUnixNano)":\d/u);
  }
  const named = (name: string) => {
    const attributes = spans.find((span) => span.name === name)?.attributes as { key: string; value: object }[];
    return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  };
  const last = spans.at(-1);
  expect(last).toMatchObject({ name: "invoke_agent solo", kind: 1, status: {} });
  expect(spans.slice(0, -1).every(({ parentSpanId }) => parentSpanId === last?.spanId)).toBe(true);
  expect(named("invoke_agent solo")).toMatchObject({
    ...{ "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "solo", "gen_ai.conversation.id": "job" },
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Do it"}]}]',
  });
  expect(named("execute_tool echo")).toMatchObject({
    ...{ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "echo", "gen_ai.tool.type": "function" },
    "gen_ai.tool.call.arguments": '{"text":"x"}',
  });
  const chat = spans.find(({ name }) => String(name).startsWith("chat "));
  expect(chat).toMatchObject({ kind: 3 });
  expect(named(String(chat?.name))).toMatchObject({
    ...{ "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": expect.any(String) },
    "gen_ai.output.messages": expect.stringContaining('"finish_reason":"tool_call"'),
  });
});

it("writes a span when it ends, what is open when it is closed, and adds to what is there", async () => {
  const { events } = await runLoop(
    scriptedModel([
      { text: "I look.", calls: [{ tool: "echo", args: { text: "x" } }] },
      { text: "Done.", calls: [{ tool: "attemptCompletion" }] },
      { text: "All is done." },
    ]),
  );
  const folder = await emptyFolder();
  await writeFile(join(folder, "traces.jsonl"), '{"torn');
  const sink = await openOtelSink(folder);
  const until = events.findIndex(({ type }) => type === "startToolCall");
  for (const event of events.slice(0, until + 1)) await sink.write(event);
  const half = await otel.read(join(folder, "traces.jsonl"));
  expect(projectRuns(half)).toMatchObject([{ id: "run", title: "solo: Do it", status: "unknown", steps: 1 }]);
  await sink.close();
  const { runs } = await otel.read(join(folder, "traces.jsonl"));
  expect(withoutIds(runs[0]?.events ?? [])).toEqual(JSON.parse(JSON.stringify(withoutIds(events.slice(0, until + 1)))));
  const second = await openOtelSink(folder);
  for (const event of events.slice(until + 1)) await second.write(event);
  await second.close();
  const whole = await otel.read(join(folder, "traces.jsonl"));
  expect(whole.problems).toMatchObject([{ line: 1 }]);
  expect(withoutIds(whole.runs[0]?.events ?? [])).toEqual(JSON.parse(JSON.stringify(withoutIds(events))));
});
