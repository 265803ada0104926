/** Which events a list shows: by kind, failure and text, as the query that finds them. */
import { type EventQuery, eventMatcher } from "../model/eventQuery";
import { kindOfType, type RowKind, typesOfKinds } from "../model/eventRowKinds";
import type { EventType, RunEvent } from "../model/events";
import { failureOf } from "../model/failures";
import { parseQuery } from "../model/queryText";

/** What rows must be; nothing chosen: any. */
export interface RowFilter {
  kinds: readonly RowKind[];
  isFailuresOnly: boolean;
  /** As `parseQuery` reads it. */
  text: string;
}

export interface FilterQuery {
  query: EventQuery;
  /** What of the text means nothing. */
  problem?: string;
}

export function queryOfFilter({ kinds, isFailuresOnly, text }: RowFilter, now: number): FilterQuery {
  const { query, problems } = parseQuery(text, now);
  const types =
    kinds.length === 0 ? query.types : typesOfKinds(kinds).filter((type) => query.types?.includes(type) ?? true);
  const status = query.status ?? (isFailuresOnly ? "failed" : undefined);
  const problem = problems[0]?.message;
  return { query: { ...query, types, status }, ...(problem !== undefined && { problem }) };
}

export function filterMatcher(filter: RowFilter, now: number): (event: RunEvent) => boolean {
  const matches = eventMatcher(queryOfFilter(filter, now).query);
  return (event) => isShown(event, filter) && matches(event);
}

/** A generation without an answer is looked for as failed, but what counts as a failure is what came of it. */
export function isShown(event: RunEvent, { isFailuresOnly }: RowFilter): boolean {
  return !isFailuresOnly || failureOf(event) !== undefined;
}

/** Where the text asks for nothing, an event's type and whether it is a failure are enough. */
export function isOfKind(type: EventType, isFailure: boolean, { kinds, isFailuresOnly }: RowFilter): boolean {
  return (!isFailuresOnly || isFailure) && (kinds.length === 0 || kinds.includes(kindOfType(type)));
}
