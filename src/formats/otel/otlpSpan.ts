/** A span of OTLP as its readers here need it, and where it stands among the others. */
import { isRecord } from "../../model/toolText";
import { type Attributes, fieldOf, listOf, readAnyValue, readAttributes, readId, readNanos } from "./otlpValue";

export interface SpanEvent {
  name: string;
  /** Unix ms. */
  at?: number;
  attributes: Attributes;
}

export interface Span {
  traceId: string;
  spanId: string;
  parentId?: string;
  name: string;
  /** internal, server, client, producer, consumer. */
  kind: string;
  /** Unix ms. */
  startedAt?: number;
  /** Absent where it has not ended. */
  endedAt?: number;
  attributes: Attributes;
  /** Of what made it: `service.name` and the like. */
  resource: Attributes;
  events: readonly SpanEvent[];
  isError: boolean;
  /** Of its status. */
  message?: string;
}

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/** The spans of an object with `resourceSpans`; `tell` hears of what is no span. */
export function readSpans(record: Record<string, unknown>, tell: (reason: string) => void): Span[] {
  const spans: Span[] = [];
  for (const ofResource of listOf(fieldOf(record, "resourceSpans"))) {
    if (!isRecord(ofResource)) continue;
    const resource = readAttributes(isRecord(ofResource.resource) ? ofResource.resource.attributes : undefined);
    const scopes = fieldOf(ofResource, "scopeSpans") ?? fieldOf(ofResource, "instrumentationLibrarySpans");
    for (const ofScope of listOf(scopes)) {
      for (const each of listOf(isRecord(ofScope) ? ofScope.spans : undefined)) {
        const span = readSpan(each, resource);
        if (typeof span === "string") tell(span);
        else spans.push(span);
      }
    }
  }
  return spans;
}

/** @returns the reason where it is none */
function readSpan(value: unknown, resource: Attributes): Span | string {
  if (!isRecord(value)) return "A span that is no object is left out.";
  const traceId = readId(fieldOf(value, "traceId"), 16);
  const spanId = readId(fieldOf(value, "spanId"), 8);
  if (traceId === undefined || spanId === undefined) return "A span without its ids is left out.";
  const parentId = readId(fieldOf(value, "parentSpanId"), 8);
  const startedAt = readNanos(fieldOf(value, "startTimeUnixNano"));
  const endedAt = readNanos(fieldOf(value, "endTimeUnixNano"));
  const status = isRecord(value.status) ? value.status : {};
  return {
    ...{ traceId, spanId, name: typeof value.name === "string" ? value.name : "", kind: kindOf(value.kind) },
    ...(parentId !== undefined && parentId !== spanId && { parentId }),
    ...(startedAt !== undefined && { startedAt }),
    // One that ends before it begins is told wrongly by a clock that was set: it has ended.
    ...(endedAt !== undefined && { endedAt: Math.max(endedAt, startedAt ?? 0) }),
    ...{ attributes: readAttributes(value.attributes), resource, events: listOf(value.events).flatMap(readEvent) },
    isError: status.code === 2 || status.code === "STATUS_CODE_ERROR",
    ...(typeof status.message === "string" && status.message !== "" && { message: status.message }),
  };
}

function readEvent(value: unknown): SpanEvent[] {
  if (!isRecord(value)) return [];
  const at = readNanos(fieldOf(value, "timeUnixNano"));
  const attributes = readAttributes(value.attributes);
  const body = readAnyValue(value.body);
  if (body !== undefined) attributes.set("body", body);
  return [{ name: typeof value.name === "string" ? value.name : "", ...(at !== undefined && { at }), attributes }];
}

function kindOf(kind: unknown): string {
  const name =
    typeof kind === "number" ? kinds[kind] : typeof kind === "string" ? kind.replace(/^SPAN_KIND_/u, "") : "";
  return name?.toLowerCase() || "unspecified";
}
