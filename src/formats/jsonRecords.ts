/** The JSON objects of a file with one a line: what is none is a problem, with the place where it stops being JSON. */
import { messageOf } from "../base/errors";
import { isRecord } from "../model/toolText";
import { parseSafeJson } from "./safeJson";
import type { SourceFiles, SourceLine } from "./sourceFiles";

export interface JsonRecord {
  value: Record<string, unknown>;
  /** Counted from 1. */
  line: number;
}

/**
 * @param isNoise a line that is text on purpose, such as a program's greeting: no problem
 * @param begins how every record of the system begins (global): one that was written onto a cut line is found by it
 */
export async function* readJsonRecords(
  source: SourceFiles,
  file: string,
  isNoise: (text: string) => boolean = () => false,
  begins?: RegExp,
): AsyncIterable<JsonRecord> {
  for await (const line of source.lines(file)) {
    if (line.text.trim() === "") continue;
    const value = parseObject(line);
    if ("value" in value) yield { value: value.value, line: line.number };
    else if (!isNoise(line.text)) {
      const parts = begins ? splitGlued(line, begins) : [];
      if (parts.length < 2) source.problems.push({ file, line: line.number, ...value });
      for (const part of parts.length < 2 ? [] : parts) {
        const { column } = part;
        if ("value" in part.parsed) yield { value: part.parsed.value, line: line.number };
        else source.problems.push({ file, line: line.number, column, reason: part.parsed.reason });
        if ("value" in part.parsed && column > 1 && part.isAfterWhole) {
          source.problems.push({ file, line: line.number, column, reason: "Two records stand on one line." });
        }
      }
    }
  }
}

/** The records of a line onto which others were written, because it had been cut or its LF was lost. */
function splitGlued({ text, isTorn, ...line }: SourceLine, begins: RegExp) {
  const starts = [...new Set([0, ...Array.from(text.matchAll(begins), ({ index }) => index)])];
  const parts = starts.map((start, index) => {
    const end = starts[index + 1];
    const part = text.slice(start, end);
    const parsed = parseObject({ ...line, text: part, isTorn: isTorn && end === undefined });
    const cut = `The record is torn (${Buffer.byteLength(part)} bytes): the next one was written onto it.`;
    const reason = end === undefined ? undefined : cut;
    const told = "value" in parsed || reason === undefined ? parsed : { reason };
    return { column: start + 1, parsed: told, isAfterWhole: false };
  });
  return parts.map((part, index) => {
    const before = parts[index - 1]?.parsed;
    return { ...part, isAfterWhole: before !== undefined && "value" in before };
  });
}

function parseObject({
  text,
  isTorn,
}: SourceLine): { value: Record<string, unknown> } | { column?: number; reason: string } {
  try {
    const value = parseSafeJson(text);
    return isRecord(value) ? { value } : { reason: "Not a JSON object." };
  } catch (error) {
    if (error instanceof RangeError) return { reason: error.message };
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
