/** YAML that anyone may have written: what of it is a mapping, and where it stops being YAML. */
import { parseDocument } from "yaml";
import { messageOf } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import { faultOfYaml } from "../safeYaml";

/** What Conductor Loop writes has a few hundred bytes to a few thousand; a parser takes seconds for what is made to be slow. */
export const yamlLimit = 64 * 1024;

export interface YamlReading {
  /** Empty where nothing could be read. It may hold itself: aliases may lead in a circle. */
  value: Record<string, unknown>;
  /** `line` counts from 1 within the text. */
  fault?: { line: number; column?: number; reason: string };
}

/** Where it is no whole YAML, the top-level keys with a value on their own line are still read. */
export function readYaml(text: string): YamlReading {
  if (text.length > yamlLimit) {
    return { value: {}, fault: { line: 1, reason: `Too large to be read: the limit is ${yamlLimit} bytes.` } };
  }
  const tooDeep = faultOfYaml(text);
  if (tooDeep !== undefined) return { value: {}, fault: { line: 1, reason: tooDeep } };
  const simple = readScalarLines(text);
  if (simple.isWhole) return { value: simple.value };
  try {
    const document = parseDocument(text, { logLevel: "silent" });
    const [error] = document.errors;
    if (error) {
      const line = Math.min(error.linePos?.[0].line ?? 1, text.trimEnd().split("\n").length);
      const column = error.linePos?.[0].line === line ? error.linePos[0].col : undefined;
      const said = error.message.split("\n", 1)[0]?.replace(/ at line \d+, column \d+:?$/u, "");
      const reason = `Not YAML: ${said}.`;
      return { value: simple.value, fault: { line, ...(column !== undefined && { column }), reason } };
    }
    const value: unknown = document.toJS({ maxAliasCount: 20 });
    if (isRecord(value)) return { value };
    return { value: {}, fault: { line: 1, reason: "No YAML mapping." } };
  } catch (error) {
    return { value: simple.value, fault: { line: 1, reason: `Not YAML: ${messageOf(error)}` } };
  }
}

const keyLine = /^(?<key>\w+):(?:[ \t]+(?<value>.*))?$/u;
/** Plain text in which no character could mean something else, an empty string, or a quoted text without an escape. */
const scalar =
  /^(?:(?<plain>[\w/+][^#:"'&*!|>%@`{}[\],]*|-?\d+|[\w/+][^\s#"'&*!|>%@`{}[\],]*[^\s#"'&*!|>%@`{}[\],:])|"(?<double>[^"\\]*)"|'(?<single>[^']*)')[ \t]*$/u;

/** Most headers and most run records are nothing but these: reading them costs no parser. */
function readScalarLines(text: string): { value: Record<string, unknown>; isWhole: boolean } {
  const value: Record<string, unknown> = {};
  let isWhole = text.trim() !== "";
  for (const line of text.split(/\r?\n/u)) {
    if (line.trim() === "") continue;
    const { key, value: written } = keyLine.exec(line)?.groups ?? {};
    const groups = written === undefined ? undefined : scalar.exec(written)?.groups;
    if (key === undefined || !groups || Object.hasOwn(value, key)) {
      isWhole = false;
      continue;
    }
    const { plain, double, single } = groups;
    const read = plain === undefined ? (double ?? single ?? "") : readPlain(plain.trimEnd());
    Object.defineProperty(value, key, { value: read, enumerable: true, configurable: true, writable: true });
  }
  return { value, isWhole };
}

function readPlain(text: string): unknown {
  if (/^-?\d{1,15}$/u.test(text)) return Number(text);
  return /^(?:null|Null|NULL|~)$/u.test(text) ? undefined : text;
}

/** A text, or a number or truth value as the text that it was written as; `undefined` where it is none or empty. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function integerOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^-?\d{1,15}$/u.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}
