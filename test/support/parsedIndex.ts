/** What an index must say of a log, the simple way: every line is parsed. */
import { parseJson } from "../../src/base/lines";
import { parseEvent, type RunEvent } from "../../src/model/events";
import { failureOf } from "../../src/model/failures";
import type { EventIndex } from "../../src/store/eventIndex";

export interface ParsedEntry {
  offset: number;
  length: number;
  seq: number;
  step: number;
  type: RunEvent["type"];
  timestamp: number;
  isFailure: boolean;
}

export interface ParsedLog {
  entries: ParsedEntry[];
  problems: { line: number; reason: string }[];
}

export function parseLog(log: Buffer): ParsedLog {
  const parsed: ParsedLog = { entries: [], problems: [] };
  let start = 0;
  for (let line = 1; start < log.length; line += 1) {
    const end = log.indexOf("\n", start);
    if (end === -1) {
      parsed.problems.push({ line, reason: `The last record is torn (${log.length - start} bytes).` });
      return parsed;
    }
    const offset = start === 0 && log.toString("utf8", 0, 3) === "\ufeff" ? 3 : start;
    const stop = end > offset && log[end - 1] === 13 ? end - 1 : end;
    if (stop > offset) {
      const event = parseEvent(parseJson(log.toString("utf8", offset, stop)));
      if ("event" in event) parsed.entries.push(entryOf(event.event, { offset, length: stop - offset }));
      else parsed.problems.push({ line, reason: event.problem });
    }
    start = end + 1;
  }
  return parsed;
}

function entryOf(event: RunEvent, place: { offset: number; length: number }): ParsedEntry {
  const { seq, step, type, timestamp } = event;
  // As numbers -0 and 0 are the same.
  const numbers = { seq: seq + 0, step: step + 0, timestamp: timestamp + 0 };
  return { ...place, ...numbers, type, isFailure: failureOf(event) !== undefined };
}

export function entriesOf(index: EventIndex): ParsedEntry[] {
  return Array.from({ length: index.count }, (_, at) => ({
    offset: index.offsetOf(at),
    length: index.lengthOf(at),
    seq: index.seqOf(at),
    step: index.stepOf(at),
    type: index.typeOf(at),
    timestamp: index.timestampOf(at),
    isFailure: index.isFailure(at),
  }));
}

export function readIndex(index: EventIndex): ParsedLog {
  return {
    entries: entriesOf(index),
    problems: index.problems.map(({ line = 0, reason }) => ({ line, reason })),
  };
}
