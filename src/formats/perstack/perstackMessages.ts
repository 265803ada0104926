/** Perstack's messages and result parts as our events carry them, and how their failures read. */

import { parseJson } from "../../base/lines";
import { Message, type ReasoningPart, ResultPart, type ToolCall } from "../../model/message";
import { isRecord } from "../../model/toolText";
import type { PerstackToolCall, PerstackToolResult } from "./perstackEvent";

/** What is no message of ours is left out. */
export function messagesOf(values: readonly unknown[]): Message[] {
  return values.flatMap((value) => {
    const parsed = Message.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}

/** With the number of messages it tells two conversations apart. */
export function messageId(value: unknown): string | undefined {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
    ? value.id
    : undefined;
}

export function isUserMessage(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === "userMessage";
}

/** The text of the last message of that type. */
export function textOf(values: readonly unknown[], type: "instructionMessage" | "userMessage"): string | undefined {
  const message = messagesOf(values).findLast((each) => each.type === type);
  if (message?.type !== type) return undefined;
  return message.contents.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
}

/** What an expert said, apart from its calls. */
export function spokenIn(value: unknown): { text?: string; reasoning?: ReasoningPart[] } {
  const parsed = Message.safeParse(value);
  if (!parsed.success || parsed.data.type !== "expertMessage") return {};
  const { contents } = parsed.data;
  const text = contents.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
  const reasoning = contents.flatMap((part): ReasoningPart[] => {
    if (part.type !== "thinkingPart") return [];
    const signed = part.signature === undefined ? undefined : { anthropic: { signature: part.signature } };
    const providerOptions = part.providerOptions ?? signed;
    return [{ text: part.thinking, ...(providerOptions && { providerOptions }) }];
  });
  return { ...(text !== "" && { text }), ...(reasoning.length > 0 && { reasoning }) };
}

export function toolCallOf({ id, skillName, toolName, args }: PerstackToolCall): ToolCall {
  return { id, skill: skillName, tool: toolName, args: args ?? null };
}

/** Like Perstack, which keeps only these parts in the conversation. */
export function resultPartsOf(values: readonly unknown[]): ResultPart[] {
  return values.flatMap((value) => {
    const parsed = ResultPart.safeParse(value);
    return parsed.success ? [parsed.data] : [];
  });
}

/** The results in a tool message, for where the event that told of them is lost. */
export function resultsIn(values: readonly unknown[]): PerstackToolResult[] {
  return messagesOf(values).flatMap((message) =>
    message.type === "toolMessage"
      ? message.contents.map(({ toolCallId, toolName, contents, isError }) => ({
          ...{ id: toolCallId, skillName: "", toolName },
          result: contents,
          isError,
        }))
      : [],
  );
}

/** Nothing marks a failure: the base tools answer with an `error`, MCP with the number of one. */
export function isFailure(parts: readonly ResultPart[]): boolean {
  const [part] = parts;
  if (part?.type !== "textPart") return false;
  if (/^(?:Error calling tool \S+: )?MCP error -\d+/u.test(part.text)) return true;
  const value = part.text.startsWith("{") ? parseJson(part.text) : undefined;
  return isRecord(value) && typeof value.error === "string" && value.error !== "";
}

/** `attemptCompletion` that the open todos held up. */
export function hasOpenTodos(parts: readonly ResultPart[]): boolean {
  const [part] = parts;
  const value = part?.type === "textPart" ? parseJson(part.text) : undefined;
  return isRecord(value) && Array.isArray(value.remainingTodos) && value.remainingTodos.length > 0;
}
