/** Reads what our own writer told: every event in its place, whatever the conventions have no word for included. */
import { parseJson } from "../../base/lines";
import { type EventPayload, payloads } from "../../model/events";
import { isRecord } from "../../model/toolText";
import { giveContent } from "./eventContent";
import type { Moment } from "./moments";
import type { Span } from "./otlpSpan";
import { type Attributes, readCount } from "./otlpValue";
import { type OwnAttribute, ownAttributes, ownName } from "./ownSpan";

type Place = Moment & { seq: number };

export function isOwn(span: Span): boolean {
  return ownName(span, "run") !== undefined;
}

/** In the order in which they were recorded; what is not valid is left out. */
export function readOwnMoments(spans: readonly Span[]): Moment[] {
  const places = spans.flatMap((span): Place[] => [
    ...readPlace(span, { at: span.startedAt, json: "start", seq: "seq", step: "step" }),
    ...span.events.flatMap(({ at, attributes }) =>
      readPlace({ attributes }, { at, json: "event", seq: "seq", step: "step" }),
    ),
    ...readPlace(span, { at: span.endedAt, json: "end", seq: "endSeq", step: "endStep" }),
  ]);
  return places.sort((a, b) => a.seq - b.seq).map(({ seq: _, ...moment }) => moment);
}

function readPlace(
  { attributes }: { attributes: Attributes },
  from: { at: number | undefined; json: OwnAttribute; seq: OwnAttribute; step: OwnAttribute },
): Place[] {
  const rest = parseJson(ownName({ attributes }, from.json) ?? "");
  if (!isRecord(rest)) return [];
  const payload = parsePayload(giveContent(rest, attributes));
  const count = (name: OwnAttribute) => readCount(attributes.get(ownAttributes[name])) ?? 0;
  return payload ? [{ at: from.at ?? 0, seq: count(from.seq), step: count(from.step), payload }] : [];
}

function parsePayload(value: unknown): EventPayload | undefined {
  const type = isRecord(value) && typeof value.type === "string" ? value.type : "";
  if (!Object.hasOwn(payloads, type)) return undefined;
  const parsed = payloads[type as EventPayload["type"]].safeParse(value);
  return parsed.success ? ({ type, ...parsed.data } as EventPayload) : undefined;
}
