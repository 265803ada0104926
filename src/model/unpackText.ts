/** Arguments and results unpacked for reading: `key: value` lines, blocks of text, JSON inside text opened up. */
import { parseJson } from "../base/lines";
import { formatBytes } from "./formatting";
import type { ResultPart } from "./message";
import type { TextLimits } from "./plainText";
import { limitLines, linesOf } from "./plainText";
import { compactJson, isRecord } from "./toolText";

/** A nested value that fits in this many characters stays on the line of its key. */
const inlineWidth = 100;
const deepest = 6;

export function unpackValue(value: unknown, limits: TextLimits): string[] {
  return limitLines(linesOfValue(opened(value), 0), limits);
}

export function unpackResult(parts: readonly ResultPart[], limits: TextLimits): string[] {
  return parts.flatMap((part) =>
    part.type === "textPart"
      ? unpackValue(part.text, limits)
      : limitLines([`[${part.mimeType}, ${formatBytes((part.encodedData.length * 3) / 4)}]`], limits),
  );
}

/** Text that is a JSON object or array is read as one: tools answer in JSON. */
function opened(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/u.test(value)) return value;
  const parsed = parseJson(value);
  return typeof parsed === "object" && parsed !== null ? parsed : value;
}

function* linesOfValue(value: unknown, depth: number): Generator<string> {
  if (typeof value === "string") yield* linesOf(value);
  else if (depth < deepest && isRecord(value)) {
    for (const [key, each] of Object.entries(value)) yield* linesOfEntry(`${key}:`, each, depth);
  } else if (depth < deepest && Array.isArray(value)) {
    for (const each of value) yield* linesOfEntry("-", each, depth);
  } else if (value !== undefined) yield compactJson(value);
}

function* linesOfEntry(label: string, value: unknown, depth: number): Generator<string> {
  const short = inline(value);
  if (short !== undefined) {
    yield `${label} ${short}`.trimEnd();
    return;
  }
  yield label;
  for (const line of linesOfValue(value, depth + 1)) yield `  ${line}`;
}

function inline(value: unknown): string | undefined {
  if (typeof value === "string") return /[\n\r]/u.test(value) ? undefined : value;
  const json = compactJson(value);
  return json.length <= inlineWidth ? json : undefined;
}
