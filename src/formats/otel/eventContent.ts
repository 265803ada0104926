/** What was said, asked and answered in our events as attributes of the conventions, and back. */
import type { EventOf, EventPayload, RunEvent } from "../../model/events";
import type { ReasoningPart, ToolCall } from "../../model/message";
import { isRecord } from "../../model/toolText";
import { type Attributes, listOf, readStructured } from "./otlpValue";
import { payloadOf } from "./ownSpan";

interface Content {
  /** By their names in the conventions. */
  attributes: Readonly<Record<string, string | undefined>>;
  /** The event without it. */
  rest: Record<string, unknown>;
}

export function takeContent(event: RunEvent): Content {
  const payload = payloadOf(event);
  const without = (...names: string[]) =>
    Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)));
  switch (event.type) {
    case "startRun": {
      const { query, instruction } = event;
      return {
        attributes: {
          "gen_ai.input.messages": query === "" ? undefined : messagesJson("user", [textPart(query)]),
          "gen_ai.system_instructions": instruction === undefined ? undefined : JSON.stringify([textPart(instruction)]),
        },
        rest: without("query", "instruction"),
      };
    }
    case "finishRun": {
      const output = event.text === "" ? undefined : messagesJson("assistant", [textPart(event.text)], "stop");
      return { attributes: { "gen_ai.output.messages": output }, rest: without("text") };
    }
    case "finishGeneration":
      return {
        attributes: {
          "gen_ai.output.messages": messagesJson("assistant", partsOf(event), finishWords[event.finishReason]),
        },
        rest: without("text", "reasoning", "toolCalls"),
      };
    case "startToolCall":
      return {
        attributes: { "gen_ai.tool.call.arguments": JSON.stringify(event.args) },
        rest: without("args"),
      };
    case "finishToolCall": {
      const [only, more] = event.result;
      const isText = only?.type === "textPart" && !more;
      return {
        attributes: { "gen_ai.tool.call.result": isText ? only.text : JSON.stringify(event.result) },
        rest: { ...without("result"), ...(!isText && { hasParts: true }) },
      };
    }
    default:
      return { attributes: {}, rest: payload };
  }
}

/** The payload that `takeContent` took apart, to be checked. */
export function giveContent(rest: Record<string, unknown>, attributes: Attributes): unknown {
  const textAt = (name: string) => {
    const value = attributes.get(name);
    return typeof value === "string" ? value : undefined;
  };
  switch (rest.type as EventPayload["type"]) {
    case "startRun": {
      const instruction = textsIn(readStructured(textAt("gen_ai.system_instructions")));
      const query = textsIn(partsIn(textAt("gen_ai.input.messages"))) ?? "";
      return { ...rest, query, ...(instruction !== undefined && { instruction }) };
    }
    case "finishRun":
      return { ...rest, text: textsIn(partsIn(textAt("gen_ai.output.messages"))) ?? "" };
    case "finishGeneration":
      return { ...rest, ...answerIn(partsIn(textAt("gen_ai.output.messages"))) };
    case "startToolCall": {
      const args = textAt("gen_ai.tool.call.arguments");
      return { ...rest, ...(args !== undefined && { args: readStructured(args) }) };
    }
    case "finishToolCall": {
      const { hasParts, ...payload } = rest;
      const text = textAt("gen_ai.tool.call.result") ?? "";
      return { ...payload, result: hasParts === true ? readStructured(text) : [{ type: "textPart", text }] };
    }
    default:
      return rest;
  }
}

/** As the conventions' schema of messages has them. */
export const finishWords: Readonly<Record<EventOf<"finishGeneration">["finishReason"], string>> = {
  stop: "stop",
  length: "length",
  contentFilter: "content_filter",
  toolCalls: "tool_call",
  error: "error",
  cancelled: "cancelled",
  other: "other",
};

function messagesJson(role: string, parts: readonly object[], finishReason?: string): string {
  return JSON.stringify([{ role, parts, ...(finishReason !== undefined && { finish_reason: finishReason }) }]);
}

function textPart(content: string): object {
  return { type: "text", content };
}

function partsOf({ text, reasoning = [], toolCalls }: EventOf<"finishGeneration">): object[] {
  return [
    ...reasoning.map(({ text: content, providerOptions }) => ({
      ...{ type: "reasoning", content },
      ...(providerOptions && { providerOptions }),
    })),
    ...(text === undefined ? [] : [textPart(text)]),
    ...toolCalls.map(({ id, tool, args, skill, providerOptions }) => ({
      ...{ type: "tool_call", id, name: tool, arguments: args },
      ...(skill !== "" && { skill }),
      ...(providerOptions && { providerOptions }),
    })),
  ];
}

function partsIn(json: string | undefined): Record<string, unknown>[] {
  const [message] = listOf(readStructured(json));
  return listOf(isRecord(message) ? message.parts : undefined).filter(isRecord);
}

function textsIn(parts: unknown): string | undefined {
  const [part] = listOf(parts);
  return isRecord(part) && part.type === "text" && typeof part.content === "string" ? part.content : undefined;
}

function answerIn(parts: readonly Record<string, unknown>[]): object {
  const text = textsIn(parts.filter(({ type }) => type === "text"));
  const ofType = (wanted: string) => parts.filter(({ type }) => type === wanted);
  const reasoning = ofType("reasoning").map(
    ({ content, providerOptions }) =>
      ({ text: content, ...(providerOptions !== undefined && { providerOptions }) }) as ReasoningPart,
  );
  const toolCalls = ofType("tool_call").map(
    ({ id, name, arguments: args, skill = "", providerOptions }) =>
      ({
        ...{ id, skill, tool: name, args },
        ...(providerOptions !== undefined && { providerOptions }),
      }) as ToolCall,
  );
  return { ...(text !== undefined && { text }), ...(reasoning.length > 0 && { reasoning }), toolCalls };
}
