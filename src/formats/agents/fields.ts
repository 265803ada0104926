/** What a coding agent's record says, where it is what it should be; anything else is as if it were not there. */
import type { ResultPart } from "../../model/message";
import { isRecord } from "../../model/toolText";

export type Fields = Record<string, unknown>;

const none: Readonly<Fields> = {};

export function fieldsOf(value: unknown): Fields {
  return isRecord(value) ? value : none;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `undefined` for an empty text as well. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Money or milliseconds. */
export function amountOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Milliseconds of a duration as Rust writes it. */
export function durationIn(value: unknown): number | undefined {
  const { secs, nanos } = fieldsOf(value);
  const seconds = amountOf(secs);
  return seconds === undefined ? undefined : Math.round(seconds * 1000 + (amountOf(nanos) ?? 0) / 1e6);
}

/** The text of a content that is a text, or parts of which some have one. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = listOf(content).flatMap((part) => {
    const text = typeof part === "string" ? part : fieldsOf(part).text;
    return typeof text === "string" ? [text] : [];
  });
  return texts.join("\n");
}

/** What a tool gave back: a text, or parts as MCP and the model providers have them. */
export function resultParts(content: unknown): ResultPart[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return content === "" ? [] : [{ type: "textPart", text: content }];
  if (!Array.isArray(content)) return [{ type: "textPart", text: JSON.stringify(content) }];
  return content.map(resultPart);
}

function resultPart(part: unknown): ResultPart {
  if (typeof part === "string") return { type: "textPart", text: part };
  const { text, data, mimeType, source } = fieldsOf(part);
  if (typeof text === "string") return { type: "textPart", text };
  if (typeof data === "string" && typeof mimeType === "string") {
    return { type: "imageInlinePart", encodedData: data, mimeType };
  }
  const { data: encodedData, media_type: mediaType } = fieldsOf(source);
  if (typeof encodedData === "string" && typeof mediaType === "string") {
    return { type: "imageInlinePart", encodedData, mimeType: mediaType };
  }
  return { type: "textPart", text: JSON.stringify(part) ?? "" };
}
