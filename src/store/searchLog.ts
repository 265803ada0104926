/** Searches the log of one run, of any size, in bounded memory: lines that may fit are found by their bytes, and parsed. */
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { parseJson } from "../base/lines";
import { type EventMatcher, type EventQuery, eventMatcher } from "../model/eventQuery";
import { parseEvent, type RunEvent } from "../model/events";
import { type ByteFinder, createByteFinder } from "./byteFinder";
import { findLineEnd, findLineStart, type LineRegion, regionsBackward, regionsForward } from "./lineRegions";
import { headCondition, type RawCondition, rawConditions } from "./rawQuery";
import { openToRead } from "./readLines";

export interface LogHit {
  /** Of the line, in bytes. */
  offset: number;
  /** In bytes, with its LF. */
  length: number;
  event: RunEvent;
}

export interface SearchLogOptions {
  order: "newestFirst" | "oldestFirst";
  /** Where an earlier search of the log ended. */
  from?: number | undefined;
  /** At most so many hits. */
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
  /** How much is read at once; default 1 MiB. */
  chunkBytes?: number | undefined;
  /** Hears of lines that are too long to be read. */
  onLongLine?: ((offset: number) => void) | undefined;
}

/** What came of a piece of the log. */
export interface SearchedPiece {
  hits: LogHit[];
  /** How far it is searched: where another search goes on. */
  at: number;
  /** Of the log when the search began. */
  size: number;
}

/** Other work of the thread waits no longer than this. */
const breathMs = 5;
const lf = 10;

/**
 * Lines that were whole when it began. Throws the system's error where the file cannot be read, and the signal's reason;
 * what is in the log never makes it throw.
 */
export type LogSearch = (file: string, options: SearchLogOptions) => AsyncGenerator<SearchedPiece, undefined>;

/** For one log after the other. */
export function createLogSearch(query: EventQuery): LogSearch {
  const search = createPieceSearch(query);
  return (file, options) => searchFile(file, search, options);
}

/** The same, of one log. */
export function searchLog(file: string, query: EventQuery, options: SearchLogOptions): ReturnType<LogSearch> {
  return createLogSearch(query)(file, options);
}

async function* searchFile(
  file: string,
  search: PieceSearch,
  options: SearchLogOptions,
): AsyncGenerator<SearchedPiece, undefined> {
  const { order, chunkBytes = 1024 * 1024, onLongLine = () => undefined, signal } = options;
  const isBackward = order === "newestFirst";
  const handle = await openToRead(file);
  try {
    const { size } = await handle.stat();
    const bounds = await boundsOf(handle, size, options);
    const walk = isBackward ? regionsBackward : regionsForward;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let hits: LogHit[] = [];
    let breath = performance.now();
    for await (const region of walk(handle, { ...bounds, chunkBytes, onLongLine })) {
      for (const hit of search(region, isBackward)) {
        signal?.throwIfAborted();
        const isHit = "event" in hit;
        const at = isBackward ? hit.offset : hit.offset + hit.length;
        if (isHit) {
          hits.push(hit);
          left -= 1;
          if (left <= 0) {
            yield { hits, at, size };
            return;
          }
        }
        if (performance.now() - breath > breathMs) {
          yield { hits, at, size };
          hits = [];
          await setImmediate();
          breath = performance.now();
        }
      }
      signal?.throwIfAborted();
      yield { hits, at: isBackward ? region.offset : region.offset + region.bytes.length, size };
      hits = [];
    }
  } finally {
    await handle.close();
  }
}

/** A place that is no line's beginning any more is moved on, in the direction of the search. */
async function boundsOf(handle: FileHandle, size: number, { order, from }: SearchLogOptions) {
  if (from === undefined) return { from: 0, to: size };
  return order === "newestFirst"
    ? { from: 0, to: await findLineEnd(handle, Math.min(from, size), 0) }
    : { from: await findLineStart(handle, Math.min(from, size), size), to: size };
}

interface Candidate {
  offset: number;
  length: number;
}

type PieceSearch = (region: LineRegion, isBackward: boolean) => Iterable<LogHit | Candidate>;

/** How much of a log tells which condition is the rarest. */
const sampleBytes = 256 * 1024;

function createPieceSearch(query: EventQuery): PieceSearch {
  const matches = eventMatcher(query);
  const isHeadFit = headCondition(query);
  let conditions = rawConditions(query);
  let find: LineFinder | undefined;
  return function* ({ bytes, offset }, isBackward) {
    if (!find) {
      if (conditions.length > 1) conditions = rarestFirst(conditions, bytes.toString("latin1", 0, sampleBytes));
      find = lineFinderOf(conditions[0]);
    }
    const others = conditions.slice(1);
    const lines = find(bytes);
    for (const [from, to] of isBackward ? [...lines].reverse() : lines) {
      const line = { offset: offset + from, length: to - from };
      const raw = others.length > 0 || isHeadFit ? bytes.toString("latin1", from, to) : "";
      const isCandidate = others.every(({ pattern }) => raw.search(pattern) !== -1) && (!isHeadFit || isHeadFit(raw));
      const event = isCandidate ? eventAt(bytes, line.offset, from, to, matches) : undefined;
      yield event ? { ...line, event } : line;
    }
  };
}

function eventAt(bytes: Buffer, offset: number, from: number, to: number, matches: EventMatcher): RunEvent | undefined {
  // A BOM stands before the first line only.
  const start = offset === 0 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf ? 3 : 0;
  const parsed = parseEvent(parseJson(bytes.toString("utf8", from + start, to)));
  return "event" in parsed && matches(parsed.event) ? parsed.event : undefined;
}

/** What is found faster may be there more often. */
function rarestFirst(conditions: readonly RawCondition[], sample: string): RawCondition[] {
  const counted = conditions.map((condition) => {
    const count = [...linesWith(condition.pattern, sample)].length;
    return { condition, cost: condition.literals ? count : count * 2 + 4 };
  });
  return counted.sort((a, b) => a.cost - b.cost).map(({ condition }) => condition);
}

type Line = [from: number, to: number];
type LineFinder = (bytes: Buffer) => Iterable<Line>;

function lineFinderOf(condition: RawCondition | undefined): LineFinder {
  if (!condition) return (bytes) => linesWith(undefined, bytes.toString("latin1"));
  const finder = condition.literals && createByteFinder(condition.literals);
  if (finder) return (bytes) => linesFound(finder, bytes);
  return (bytes) => linesWith(condition.pattern, bytes.toString("latin1"));
}

/** From hit to hit: what lies between is looked at by the finder alone. */
function* linesFound(finder: ByteFinder, bytes: Buffer): Generator<Line> {
  finder.load(bytes);
  for (let at = finder.next(0); at !== -1; ) {
    const from = bytes.lastIndexOf(lf, at) + 1;
    const to = bytes.indexOf(lf, at) + 1;
    yield [from, to];
    at = finder.next(to);
  }
}

/** The same with a pattern; without one all lines. */
function* linesWith(pattern: RegExp | undefined, text: string): Generator<Line> {
  for (let at = 0; at < text.length; ) {
    if (pattern) pattern.lastIndex = at;
    const index = pattern ? pattern.exec(text)?.index : at;
    if (index === undefined) return;
    const from = pattern ? text.lastIndexOf("\n", index) + 1 : at;
    const end = text.indexOf("\n", index);
    at = end === -1 ? text.length : end + 1;
    yield [from, at];
  }
}
