/** Spans as OTLP's JSON has them: ids in hexadecimal, times as nanoseconds in strings, kinds and codes as numbers. */
import { createHash } from "node:crypto";

export type AttributeValue = string | number | boolean | readonly string[] | undefined;
export type AttributeRecord = Readonly<Record<string, AttributeValue>>;

export interface WrittenSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: readonly object[];
  events?: readonly object[];
  status: { code?: number; message?: string };
}

export const spanKinds = { internal: 1, client: 3 } as const;

/** A line of the collector's file exporter. */
export function toLine(span: WrittenSpan): string {
  const resource = { attributes: toAttributes({ "service.name": "runtrail" }) };
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "runtrail" }, spans: [span] }] }] })}\n`;
}

export function toAttributes(record: AttributeRecord): object[] {
  return Object.entries(record).flatMap(([key, value]) => {
    const told = toAnyValue(value);
    return told ? [{ key, value: told }] : [];
  });
}

function toAnyValue(value: AttributeValue): object | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      return { arrayValue: { values: value.map((stringValue) => ({ stringValue })) } };
  }
}

/** Of Unix ms; times of our events may have fractions. */
export function toNanos(ms: number): string {
  return String(BigInt(Math.max(0, Math.floor(ms))) * 1_000_000n);
}

/** The same for the same job, whoever tells of it; the id of a trace stays what it is. */
export function traceIdOf(jobId: string): string {
  return isId(jobId, 32) ? jobId : hash(jobId, 32);
}

/** Of the run as a whole, and with a number of a part of it. */
export function spanIdOf(runId: string, seq?: number): string {
  if (seq !== undefined) return hash(`${runId} ${seq}`, 16);
  return isId(runId, 16) ? runId : hash(runId, 16);
}

function isId(id: string, digits: number): boolean {
  return id.length === digits && /^[0-9a-f]+$/u.test(id) && !/^0+$/u.test(id);
}

function hash(text: string, digits: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, digits);
}
