/** Which events are looked for: a query as plain data, and what of an event it is held against. */
import { Envelope, type EventType, type RunEvent } from "./events";
import type { FailureGrade } from "./failure";
import { failureOf } from "./failures";
import { splitQuery } from "./queryTokens";
import { isRecord } from "./toolText";

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

interface TextTest {
  isIn(text: string): boolean;
  /** Whether a number may hold it. */
  isNumeric: boolean;
}

/** Without case as a regular expression without "u" has it: letter by letter, "ß" and "SS" are different. */
function textTests(query: EventQuery): TextTest[] {
  const { words, isCaseSensitive } = termsOf(query);
  return words.map((word) => {
    const isNumeric = isNumberLike(word);
    if (isCaseSensitive || word.toUpperCase() === word.toLowerCase()) {
      return { isIn: (text) => text.includes(word), isNumeric };
    }
    const pattern = new RegExp(word.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "i");
    return { isIn: (text) => pattern.test(text), isNumeric };
  });
}

/** Whether a number may be written so, or have such a piece. */
export function isNumberLike(word: string): boolean {
  return /^[-+.\de]+$/iu.test(word);
}

function hasTexts(event: RunEvent, tests: readonly TextTest[]): boolean {
  const [only] = tests;
  if (only && tests.length === 1) return someText(event, only.isIn, only.isNumeric);
  let missing = tests;
  const isLast = (text: string) => {
    if (missing.some(({ isIn }) => isIn(text))) missing = missing.filter(({ isIn }) => !isIn(text));
    return missing.length === 0;
  };
  return someText(
    event,
    isLast,
    tests.some(({ isNumeric }) => isNumeric),
  );
}

const envelope: ReadonlySet<string> = new Set([...Object.keys(Envelope.shape), "type"]);
const nothing: ReadonlySet<string> = new Set();
/** Nobody reads an image's bytes. */
const mediaBytes: ReadonlySet<string> = new Set(["encodedData"]);

/**
 * Whether one of the texts of an event is the one: looks into what is nested, however deep, without a stack of calls.
 * @param hasNumbers whether numbers are texts as well
 */
export function someText(event: RunEvent, isIt: (text: string) => boolean, hasNumbers: boolean): boolean {
  const left: object[] = [];
  const isFound = (value: unknown): boolean => {
    if (typeof value === "string") return isIt(value);
    if (typeof value === "number") return hasNumbers && isIt(String(value));
    if (typeof value === "object" && value !== null) left.push(value);
    return false;
  };
  const isFoundIn = (fields: object, passedOver: ReadonlySet<string>): boolean => {
    for (const [key, value] of Object.entries(fields)) if (!passedOver.has(key) && isFound(value)) return true;
    return false;
  };
  if (event.type === "foreignEvent" && event.source === "runtrail" && isRecord(event.data)) {
    // An event of a later version of ours: its record has an envelope of its own.
    if (isIt(event.name) || isFoundIn(event.data, envelope)) return true;
  } else if (isFoundIn(event, envelope)) return true;
  for (let value = left.pop(); value; value = left.pop()) {
    const isMedia = "encodedData" in value && "mimeType" in value;
    if (Array.isArray(value) ? value.some(isFound) : isFoundIn(value, isMedia ? mediaBytes : nothing)) return true;
  }
  return false;
}
