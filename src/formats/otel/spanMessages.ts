/** What was said, in every form in which it is recorded on a span: today's conventions, yesterday's, and two others'. */
import { isRecord } from "../../model/toolText";
import type { Span } from "./otlpSpan";
import { type Attributes, listOf, readStructured } from "./otlpValue";

export interface SaidCall {
  id?: string;
  name: string;
  args: unknown;
  /** What the conventions have no word for. */
  part: Readonly<Record<string, unknown>>;
}

export interface SaidMessage {
  role: string;
  text: string;
  reasoning: readonly Readonly<Record<string, unknown>>[];
  calls: readonly SaidCall[];
  results: readonly { id?: string; result: unknown }[];
  finishReason?: string;
}

/** What the model or agent was told, oldest first. */
export function readInput(span: Span): SaidMessage[] {
  return firstOf([
    () => messagesIn(attributeOf(span, "gen_ai.input.messages"), "user"),
    () => indexedMessages(span.attributes, "gen_ai.prompt"),
    () => messagesIn(attributeOf(span, "gen_ai.prompt"), "user"),
    () => messagesOfEvents(span, /^gen_ai\.(?:system|user|assistant|tool)\.message$/u),
    () => indexedMessages(span.attributes, "llm.input_messages"),
    () => plainMessage(attributeOf(span, "traceloop.entity.input") ?? attributeOf(span, "input.value"), "user"),
  ]);
}

/** What it answered; several are alternatives. */
export function readOutput(span: Span): SaidMessage[] {
  return firstOf([
    () => messagesIn(attributeOf(span, "gen_ai.output.messages"), "assistant"),
    () => indexedMessages(span.attributes, "gen_ai.completion"),
    () => messagesIn(attributeOf(span, "gen_ai.completion"), "assistant"),
    () => messagesOfEvents(span, /^gen_ai\.choice$/u),
    () => indexedMessages(span.attributes, "llm.output_messages"),
    () => plainMessage(attributeOf(span, "traceloop.entity.output") ?? attributeOf(span, "output.value"), "assistant"),
  ]);
}

/** Of an attribute with messages or parts, such as the instructions. */
export function readText(value: unknown): string | undefined {
  const text = messagesIn(value, "system")
    .map((message) => message.text)
    .filter((each) => each !== "");
  return text.length > 0 ? text.join("\n") : undefined;
}

/** On the span, or on an event of it that tells the details. */
function attributeOf({ attributes, events }: Span, name: string): unknown {
  return attributes.get(name) ?? events.find((event) => event.attributes.has(name))?.attributes.get(name);
}

function firstOf(readers: readonly (() => SaidMessage[])[]): SaidMessage[] {
  for (const read of readers) {
    const messages = read();
    if (messages.length > 0) return messages;
  }
  return [];
}

function messagesIn(recorded: unknown, role: string): SaidMessage[] {
  const value = readStructured(recorded);
  if (value === undefined || value === "") return [];
  if (isRecord(value) && Array.isArray(value.messages)) return messagesIn(value.messages, role);
  // Parts without a message around them are one.
  if (Array.isArray(value) && value.some(isPart)) return [readMessage({ role, parts: value }, role)];
  return (Array.isArray(value) ? value : [value]).map((each) => readMessage(each, role));
}

function isPart(value: unknown): boolean {
  return isRecord(value) && typeof value.type === "string" && !("role" in value) && !("parts" in value);
}

function plainMessage(recorded: unknown, role: string): SaidMessage[] {
  const value = readStructured(recorded);
  const isMessages = isRecord(value) ? Array.isArray(value.messages) : Array.isArray(value) && value.some(hasRole);
  if (isMessages) return messagesIn(value, role);
  return typeof recorded === "string" && recorded !== "" ? [readMessage(recorded, role)] : [];
}

function hasRole(value: unknown): boolean {
  return isRecord(value) && typeof value.role === "string";
}

function messagesOfEvents({ events }: Span, names: RegExp): SaidMessage[] {
  return events.flatMap(({ name, attributes }) => {
    if (!names.test(name)) return [];
    const role = /^gen_ai\.(?<role>\w+)\.message$/u.exec(name)?.groups?.role ?? "assistant";
    const body = readStructured(attributes.get("body") ?? attributes.get("gen_ai.event.content"));
    const flat = Object.fromEntries([...attributes].map(([key, value]) => [key, readStructured(value)]));
    const { message, ...rest } = { ...flat, ...(isRecord(body) ? body : { content: body ?? flat.content }) };
    return [
      readMessage(isRecord(message) ? { ...rest, ...message } : { ...rest, content: message ?? rest.content }, role),
    ];
  });
}

function readMessage(value: unknown, role: string): SaidMessage {
  if (!isRecord(value)) return { ...emptyMessage, role, text: textOf(value) };
  const said = typeof value.role === "string" && value.role !== "" ? value.role : role;
  const parts = [...listOf(readStructured(value.parts)), ...contentParts(value.content)];
  const finishReason = value.finish_reason ?? value.finishReason;
  const id = idOf(value) ?? textOrNone(value.tool_call_id);
  const own = said === "tool" && parts.every((part) => !isRecord(part) || !isResponse(part));
  return {
    role: said,
    text: own ? "" : parts.filter(isText).map(textOf).join("\n"),
    reasoning: parts.filter(
      (part) => isRecord(part) && (part.type === "reasoning" || part.type === "thinking"),
    ) as Record<string, unknown>[],
    calls: [
      ...parts.flatMap((part) => (isRecord(part) && isCall(part) ? [readCall(part)] : [])),
      ...listOf(readStructured(value.tool_calls)).flatMap((call) => (isRecord(call) ? [readCall(call)] : [])),
    ],
    results: own
      ? [{ ...(id !== undefined && { id }), result: parts.length === 1 ? textOf(parts[0]) : value.content }]
      : parts.flatMap((part) => (isRecord(part) && isResponse(part) ? [readResult(part)] : [])),
    ...(typeof finishReason === "string" && { finishReason }),
  };
}

const emptyMessage: Omit<SaidMessage, "role"> = { text: "", reasoning: [], calls: [], results: [] };

function contentParts(recorded: unknown): readonly unknown[] {
  if (typeof recorded !== "string") return Array.isArray(recorded) ? recorded : isRecord(recorded) ? [recorded] : [];
  const content = /^\s*\[\s*\{/u.test(recorded) ? readStructured(recorded) : recorded;
  return Array.isArray(content) && content.some(isPart) ? content : [recorded];
}

function isText(part: unknown): boolean {
  return typeof part === "string" || (isRecord(part) && (part.type === "text" || part.type === undefined));
}

function isCall({ type }: Record<string, unknown>): boolean {
  return type === "tool_call" || type === "tool_use" || type === "function_call";
}

function isResponse({ type }: Record<string, unknown>): boolean {
  return type === "tool_call_response" || type === "tool_result" || type === "function_call_output";
}

function readCall(part: Record<string, unknown>): SaidCall {
  const inner = isRecord(part.function) ? part.function : part;
  const args = readStructured(inner.arguments ?? inner.input ?? inner.args);
  return {
    ...withId(idOf(part) ?? textOrNone(part.call_id)),
    ...{ name: textOrNone(inner.name) ?? "unknown", args, part },
  };
}

function readResult(part: Record<string, unknown>): { id?: string; result: unknown } {
  const result = part.response ?? part.result ?? part.content ?? part.output;
  return { ...withId(idOf(part) ?? textOrNone(part.tool_use_id) ?? textOrNone(part.call_id)), result };
}

function idOf({ id }: Record<string, unknown>): string | undefined {
  return textOrNone(id);
}

function withId(id: string | undefined): { id?: string } {
  return id === undefined ? {} : { id };
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}

/** A text as it stands; anything else as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (isRecord(value) && (value.type === "text" || value.type === undefined)) {
    const text = value.content ?? value.text;
    if (typeof text === "string") return text;
  }
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** `gen_ai.prompt.0.role`, `llm.input_messages.0.message.content`: each message spread over attributes. */
function indexedMessages(attributes: Attributes, prefix: string): SaidMessage[] {
  return indexed(attributes, prefix).map((fields) => {
    const bare = new Map([...fields].map(([key, value]) => [key.replace(/^message\./u, ""), value]));
    const calls = indexed(bare, "tool_calls").map((call) =>
      Object.fromEntries([...call].map(([key, value]) => [key.replace(/^tool_call\.(?:function\.)?/u, ""), value])),
    );
    const role = prefix === "gen_ai.prompt" || prefix === "llm.input_messages" ? "user" : "assistant";
    return readMessage({ ...Object.fromEntries(bare), ...(calls.length > 0 && { tool_calls: calls }) }, role);
  });
}

function indexed(attributes: Attributes, prefix: string): Map<string, unknown>[] {
  const byIndex = new Map<number, Map<string, unknown>>();
  for (const [key, value] of attributes) {
    if (!key.startsWith(`${prefix}.`)) continue;
    const found = /^(?<index>\d{1,6})\.(?<rest>.+)$/u.exec(key.slice(prefix.length + 1))?.groups;
    if (!found?.rest) continue;
    const index = Number(found.index);
    const fields = byIndex.get(index) ?? new Map<string, unknown>();
    byIndex.set(index, fields.set(found.rest, value));
  }
  return [...byIndex].sort(([a], [b]) => a - b).map(([, fields]) => fields);
}
