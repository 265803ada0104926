/** The JSON objects of a file with one a line: what is none is a problem, with the place where it stops being JSON. */
import { messageOf } from "../base/errors";
import type { SourceFiles, SourceLine } from "./sourceFiles";

export interface JsonRecord {
  value: Record<string, unknown>;
  /** Counted from 1. */
  line: number;
}

/** @param isNoise a line that is text on purpose, such as a program's greeting: no problem */
export async function* readJsonRecords(
  source: SourceFiles,
  file: string,
  isNoise: (text: string) => boolean = () => false,
): AsyncIterable<JsonRecord> {
  for await (const line of source.lines(file)) {
    if (line.text.trim() === "") continue;
    const value = parseObject(line);
    if ("value" in value) yield { value: value.value, line: line.number };
    else if (!isNoise(line.text)) source.problems.push({ file, line: line.number, ...value });
  }
}

function parseObject({
  text,
  isTorn,
}: SourceLine): { value: Record<string, unknown> } | { column?: number; reason: string } {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { value } : { reason: "Not a JSON object." };
  } catch (error) {
    if (isTorn) return { reason: `The last record is torn (${Buffer.byteLength(text)} bytes).` };
    const column = columnOf(error, text);
    return { reason: "Not JSON.", ...(column !== undefined && { column }) };
  }
}

/** Counted from 1. The engine says where it stopped. */
function columnOf(error: unknown, text: string): number | undefined {
  const at = /at position (?<at>\d+)/u.exec(messageOf(error))?.groups?.at;
  if (at !== undefined) return Number(at) + 1;
  return /end of JSON|Unterminated/u.test(messageOf(error)) ? text.length + 1 : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
