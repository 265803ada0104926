/** How a run of another program's spans begins and ends, and what it is known by. */
import type { EventPayload } from "../../model/events";
import type { ForeignRunBuilder } from "../foreignRunBuilder";
import type { Moment } from "./moments";
import type { Span } from "./otlpSpan";
import { readStructured } from "./otlpValue";
import {
  agentOf,
  costOf,
  errorOf,
  firstText,
  isGenAi,
  modelOf,
  providerOf,
  roleOf,
  serviceOf,
  toolsOf,
  usageOf,
} from "./spanFacts";
import { readInput, readOutput, readText } from "./spanMessages";
import type { SpanRun } from "./traceRuns";

export function expertKeyOf({ roots, spans }: SpanRun): string {
  const [root] = roots;
  const isAgent = root !== undefined && roleOf(root) === "agent";
  const named = isAgent ? root.name.replace(/^invoke_agent\s*/u, "") : "";
  return (
    (root && agentOf(root)) ||
    named ||
    (root && firstText(root, "gen_ai.agent.id")) ||
    firstOf(spans, agentOf) ||
    firstOf(spans, serviceOf) ||
    root?.name ||
    "unknown"
  );
}

export function beginningOf({ roots, spans, parent }: SpanRun, nearest: number): Moment {
  const told = [...roots, ...spans.filter(isGenAi)];
  const query = firstOf(told, (span) => readInput(span).find(({ role }) => role === "user")?.text);
  const instruction = firstOf(told, instructionOf);
  const [provider, model] = [firstOf(told, providerOf), firstOf(told, modelOf)];
  const [tools, expertVersion] = [
    firstOf(told, toolsOf),
    firstOf(roots, (span) => firstText(span, "gen_ai.agent.version")),
  ];
  const call = parent?.call && firstText(parent.call, "gen_ai.tool.call.id");
  const at = firstOf(roots, ({ startedAt }) => startedAt) ?? earliest(spans);
  const payload: EventPayload = {
    ...{ type: "startRun", query: query ?? "" },
    ...(instruction !== undefined && { instruction }),
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(expertVersion !== undefined && { expertVersion }),
    ...(tools && { tools }),
    ...(parent && { parent: { runId: parent.run.runId, ...(call !== undefined && { toolCallId: call }) } }),
  };
  return { ...timeOf(at, nearest), step: 0, payload };
}

/** What is told of a span that we have no word for. */
export function noteOf(span: Span, step: number, nearest: number): Moment {
  const { name, kind, startedAt, endedAt, attributes, isError, message, events, spanId } = span;
  const data = {
    ...(kind !== "unspecified" && { kind }),
    ...(startedAt !== undefined && endedAt !== undefined && { durationMs: endedAt - startedAt }),
    ...(isError && { status: "error" }),
    ...(message !== undefined && { message }),
    ...(attributes.size > 0 && { attributes: Object.fromEntries(attributes) }),
    ...(events.length > 0 && {
      events: events.map((event) => ({ name: event.name, attributes: Object.fromEntries(event.attributes) })),
    }),
  };
  const payload: EventPayload = { type: "foreignEvent", source: "otel", name, data };
  return { ...timeOf(startedAt ?? endedAt, nearest), id: spanId, step, payload };
}

/** `undefined` where the spans tell of no end. */
export function endOf(run: SpanRun, builder: ForeignRunBuilder, lastAt: number): Moment | undefined {
  const { roots, spans, isRootMissing } = run;
  const root = roots.at(-1);
  if (isRootMissing || (root ? root.endedAt === undefined : spans.some(({ endedAt }) => endedAt === undefined))) {
    return undefined;
  }
  const at = root?.endedAt ?? lastAt;
  const totals = builder.totals({ timestamp: at });
  const usage = root && roleOf(root) === "agent" ? usageOf(root) : undefined;
  const cost = root && costOf(root);
  const all = {
    ...totals,
    ...(!totals.totalUsage && usage && { totalUsage: usage }),
    ...(totals.cost === undefined && cost !== undefined && { cost }),
  };
  const moment = { at, step: builder.events.at(-1)?.step ?? 0 };
  const lastChat = spans.findLast((span) => roleOf(span) === "chat");
  const error = root ? errorOf(root) : lastChat && errorOf(lastChat);
  if (error?.class === "cancelled") {
    return { ...moment, payload: { type: "stopRun", reason: "cancelled", message: error.message, ...all } };
  }
  if (error) return { ...moment, payload: { type: "errorRun", error, ...all } };
  return { ...moment, payload: { type: "finishRun", text: textOf(root, builder), ...all } };
}

function textOf(root: Span | undefined, { events }: ForeignRunBuilder): string {
  const said = root && readOutput(root).findLast(({ role, text }) => role !== "tool" && text !== "")?.text;
  if (said !== undefined) return said;
  const last = events.findLast((event) => event.type === "finishGeneration");
  return (last?.type === "finishGeneration" ? last.text : undefined) ?? "";
}

function instructionOf(span: Span): string | undefined {
  const instructions = readText(readStructured(span.attributes.get("gen_ai.system_instructions")));
  return instructions ?? readInput(span).find(({ role }) => role === "system" || role === "developer")?.text;
}

function timeOf(at: number | undefined, nearest: number): Pick<Moment, "at" | "isUntimed"> {
  return at === undefined ? { at: nearest, isUntimed: true } : { at };
}

function earliest(spans: readonly Span[]): number | undefined {
  return spans.reduce<number | undefined>((least, { startedAt, endedAt }) => {
    const at = startedAt ?? endedAt;
    return at === undefined || (least !== undefined && least <= at) ? least : at;
  }, undefined);
}

function firstOf<T, R>(all: readonly T[], read: (each: T) => R | undefined): R | undefined {
  for (const each of all) {
    const value = read(each);
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}
