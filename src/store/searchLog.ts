/** Searches the log of one run, of any size, in bounded memory: lines that may fit are found by their bytes, and parsed. */
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { parseJson } from "../base/lines";
import { type EventMatcher, type EventQuery, eventMatcher } from "../model/eventQuery";
import { parseEvent, type RunEvent } from "../model/events";
import { findLineEnd, findLineStart, type LineRegion, regionsBackward, regionsForward } from "./lineRegions";
import { headCondition, rawConditions } from "./rawQuery";
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

/**
 * Lines that were whole when it began. Throws the system's error where the file cannot be read, and the signal's reason;
 * what is in the log never makes it throw.
 */
export async function* searchLog(
  file: string,
  query: EventQuery,
  options: SearchLogOptions,
): AsyncGenerator<SearchedPiece, undefined> {
  const { order, chunkBytes = 1024 * 1024, onLongLine = () => undefined, signal } = options;
  const isBackward = order === "newestFirst";
  const search = createPieceSearch(query);
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
  let isSampled = conditions.length < 2;
  return function* ({ bytes, offset }, isBackward) {
    const text = bytes.toString("latin1");
    if (!isSampled) {
      conditions = rarestFirst(conditions, text.slice(0, sampleBytes));
      isSampled = true;
    }
    const [first, ...others] = conditions;
    const lines = first ? linesWith(first, text) : allLines(text);
    for (const [from, to] of isBackward ? [...lines].reverse() : lines) {
      const line = { offset: offset + from, length: to - from };
      const raw = others.length > 0 || isHeadFit ? text.slice(from, to) : "";
      const isCandidate = others.every((other) => raw.search(other) !== -1) && (!isHeadFit || isHeadFit(raw));
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

function rarestFirst(conditions: readonly RegExp[], sample: string): RegExp[] {
  const counted = conditions.map((condition) => ({ condition, count: [...linesWith(condition, sample)].length }));
  return counted.sort((a, b) => a.count - b.count).map(({ condition }) => condition);
}

/** From hit to hit: what lies between is looked at by the pattern alone. */
function* linesWith(pattern: RegExp, text: string): Generator<[from: number, to: number]> {
  for (let at = 0; at < text.length; ) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return;
    const from = text.lastIndexOf("\n", found.index) + 1;
    const end = text.indexOf("\n", found.index);
    at = end === -1 ? text.length : end + 1;
    yield [from, at];
  }
}

function* allLines(text: string): Generator<[from: number, to: number]> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const to = end === -1 ? text.length : end + 1;
    yield [from, to];
    from = to;
  }
}
