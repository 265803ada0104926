/** Which events are looked for: a query as plain data, and what of an event it is held against. */
import { Envelope, type EventType, type RunEvent } from "./events";
import type { FailureGrade } from "./failure";
import { failureOf } from "./failures";
import { splitQuery } from "./queryTokens";

/** failed: of any grade, and a generation without an answer · ok: something came to its end without failing. */
export type SearchedStatus = "failed" | "ok" | FailureGrade;

/** Both ends are in it; without `to` it has no end. */
export interface StepRange {
  from: number;
  to?: number | undefined;
}

/** All that is given must fit; of several types, experts, tools or steps one. */
export interface EventQuery {
  /**
   * Words that are all in it, "words in quotes" as they stand: in any text or number that the event tells, not in its ids,
   * its type or the names of its fields.
   */
  text?: string | undefined;
  /** Default: only where the text has a capital letter. */
  isCaseSensitive?: boolean | undefined;
  types?: readonly EventType[] | undefined;
  /** Without a version: all of them. */
  experts?: readonly string[] | undefined;
  tools?: readonly string[] | undefined;
  status?: SearchedStatus | undefined;
  /** Unix ms; that moment is in it. */
  after?: number | undefined;
  /** Unix ms; that moment is not. */
  before?: number | undefined;
  /** USD that the event itself tells, at least. */
  minCost?: number | undefined;
  /** At most. */
  maxCost?: number | undefined;
  minDurationMs?: number | undefined;
  maxDurationMs?: number | undefined;
  steps?: readonly StepRange[] | undefined;
}

export type EventMatcher = (event: RunEvent) => boolean;

/** For one event; `eventMatcher` is quicker for many. */
export function matchesEvent(event: RunEvent, query: EventQuery): boolean {
  return eventMatcher(query)(event);
}

export function eventMatcher(query: EventQuery): EventMatcher {
  const { types, experts, tools, status, steps } = query;
  const texts = textTests(query);
  const hasRange = [query.minCost, query.maxCost, query.minDurationMs, query.maxDurationMs].some(isGiven);
  return (event) =>
    (!types || types.includes(event.type)) &&
    (query.after === undefined || event.timestamp >= query.after) &&
    (query.before === undefined || event.timestamp < query.before) &&
    (!steps || steps.some(({ from, to }) => event.step >= from && (to === undefined || event.step <= to))) &&
    (!experts || experts.some((expert) => event.expertKey === expert || event.expertKey.startsWith(`${expert}@`))) &&
    (!tools || ("tool" in event && tools.includes(event.tool))) &&
    (status === undefined || hasStatus(event, status)) &&
    (!hasRange || isInRanges(event, query)) &&
    (texts.length === 0 || hasTexts(event, texts));
}

export interface SearchTerms {
  words: readonly string[];
  isCaseSensitive: boolean;
}

/** What the query's text asks for. */
export function termsOf({ text = "", isCaseSensitive = /\p{Lu}/u.test(text) }: EventQuery): SearchTerms {
  const words = splitQuery(text).map(({ value }) => value);
  return { words: [...new Set(words)].filter((word) => word !== ""), isCaseSensitive };
}

export function isFailed(event: RunEvent): boolean {
  return failureOf(event) !== undefined || (event.type === "finishGeneration" && event.error !== undefined);
}

function hasStatus(event: RunEvent, status: SearchedStatus): boolean {
  switch (status) {
    case "failed":
      return isFailed(event);
    case "ok":
      return isEnd(event) && !isFailed(event);
    default:
      return failureOf(event)?.grade === status;
  }
}

function isEnd(event: RunEvent): boolean {
  if (event.type === "finishDelegation") return event.status === "finished";
  return event.type.startsWith("finish") || event.type === "passGate";
}

function isInRanges(event: RunEvent, { minCost, maxCost, minDurationMs, maxDurationMs }: EventQuery): boolean {
  const cost = "cost" in event ? event.cost : undefined;
  const duration = "durationMs" in event ? event.durationMs : undefined;
  return isBetween(cost, minCost, maxCost) && isBetween(duration, minDurationMs, maxDurationMs);
}

/** What is not known is in no range. */
function isBetween(value: number | undefined, least: number | undefined, most: number | undefined): boolean {
  if (least === undefined && most === undefined) return true;
  return value !== undefined && (least === undefined || value >= least) && (most === undefined || value <= most);
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}

type TextTest = (text: string) => boolean;

/** Without case as a regular expression without "u" has it: letter by letter, "ß" and "SS" are different. */
function textTests(query: EventQuery): TextTest[] {
  const { words, isCaseSensitive } = termsOf(query);
  return words.map((word) => {
    if (isCaseSensitive || word.toUpperCase() === word.toLowerCase()) return (text) => text.includes(word);
    const pattern = new RegExp(word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "i");
    return (text) => pattern.test(text);
  });
}

const envelope: ReadonlySet<string> = new Set(Object.keys(Envelope.shape));

function hasTexts(event: RunEvent, tests: readonly TextTest[]): boolean {
  let missing = tests;
  for (const text of textsOf(event)) {
    missing = missing.filter((test) => !test(text));
    if (missing.length === 0) return true;
  }
  return false;
}

/** What is found in the event: looks into what is nested, however deep, without a stack of calls. */
export function* textsOf(event: RunEvent): Generator<string, undefined> {
  const left: unknown[] = [];
  const add = (fields: object) => {
    // What is pushed last is looked at first.
    for (const [key, value] of Object.entries(fields).reverse()) {
      if (!envelope.has(key) && key !== "type") left.push(value);
    }
  };
  if (event.type === "foreignEvent" && event.source === "runtrail" && isObject(event.data)) {
    // An event of a later version of ours: its record has an envelope of its own.
    left.push(event.name);
    add(event.data);
  } else add(event);
  for (let value = left.pop(); value !== undefined || left.length > 0; value = left.pop()) {
    if (isObject(value)) {
      // Nobody reads an image's bytes.
      const { encodedData, ...fields } = value as { encodedData?: unknown };
      const isMedia = typeof encodedData === "string" && "mimeType" in value;
      for (const each of Object.values(isMedia ? fields : value).reverse()) left.push(each);
    } else if (typeof value === "string" || typeof value === "number") yield String(value);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
