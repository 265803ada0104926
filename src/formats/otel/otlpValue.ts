/** The values of OTLP's JSON, read as anyone may have written them: attributes, ids, times and numbers. */
import { isRecord } from "../../model/toolText";
import { parseSafeJson } from "../safeJson";

export type Attributes = ReadonlyMap<string, unknown>;

/** Deeper ones are cut off: they are no attributes, and others take them apart by recursion. */
const deepest = 64;
/** Beyond it, JavaScript knows no date. */
const latest = 8.64e15;

/** A field by its name in JSON, or by its name in the protocol, which some write. */
export function fieldOf(object: Record<string, unknown>, name: string): unknown {
  return object[name] ?? object[name.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)];
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function readAttributes(value: unknown, depth = 0): Map<string, unknown> {
  const attributes = new Map<string, unknown>();
  for (const each of listOf(value)) {
    if (!isRecord(each) || typeof each.key !== "string") continue;
    const read = readAnyValue(each.value, depth);
    if (read !== undefined) attributes.set(each.key, read);
  }
  return attributes;
}

export function readAnyValue(value: unknown, depth = 0): unknown {
  if (!isRecord(value) || depth > deepest) return undefined;
  const [text, flag, bytes] = [
    fieldOf(value, "stringValue"),
    fieldOf(value, "boolValue"),
    fieldOf(value, "bytesValue"),
  ];
  if (typeof text === "string") return text;
  if (typeof flag === "boolean") return flag;
  const number = readNumber(fieldOf(value, "intValue") ?? fieldOf(value, "doubleValue"));
  if (number !== undefined) return number;
  const [array, list] = [fieldOf(value, "arrayValue"), fieldOf(value, "kvlistValue")];
  if (isRecord(array)) return listOf(array.values).map((each) => readAnyValue(each, depth + 1) ?? null);
  if (isRecord(list)) return Object.fromEntries(readAttributes(list.values, depth + 1));
  return typeof bytes === "string" ? bytes : undefined;
}

/** A structured attribute, which many keep as JSON in a string; a text that is none stays a text. */
export function readStructured(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{"\d\-tfn]/u.test(value)) return value;
  try {
    return parseSafeJson(value);
  } catch {
    return value;
  }
}

export function readNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number || 0 : undefined;
}

export function readCount(value: unknown): number | undefined {
  const number = readNumber(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Unix ms of nanoseconds; `undefined` where it is none, or a zero that means none. */
export function readNanos(value: unknown): number | undefined {
  const digits = typeof value === "number" && Number.isFinite(value) ? BigInt(Math.floor(value)).toString() : value;
  if (typeof digits !== "string" || !/^\d{1,25}$/u.test(digits)) return undefined;
  const ms = Number(BigInt(digits) / 1_000_000n);
  return ms > 0 && ms < latest ? ms : undefined;
}

/** In hexadecimal, as OTLP has it; protobuf's own JSON has base64. A zero is none. */
export function readId(value: unknown, bytes: number): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  if (/^[0-9a-f]+$/iu.test(value) && value.length === bytes * 2)
    return /^0+$/u.test(value) ? undefined : value.toLowerCase();
  const decoded = /^[A-Za-z0-9+/_-]+={0,2}$/u.test(value) ? Buffer.from(value, "base64") : undefined;
  const isBase64 = decoded?.length === bytes && value.replace(/=+$/u, "").length === Math.ceil((bytes * 8) / 6);
  const id = isBase64 ? decoded.toString("hex") : value;
  return /^0+$/u.test(id) ? undefined : id;
}
