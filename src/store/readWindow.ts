/** The beginning and the end of a log, and events at known places in it, without reading the rest. */
import type { FileHandle } from "node:fs/promises";
import type { RunEvent } from "../model/events";
import { reachBack, type WindowLimits } from "../model/windowEdges";
import { type JournalProblem, readLine } from "./readJournal";
import { readLines, readLinesBackward } from "./readLines";

export interface ReadWindow {
  events: RunEvent[];
  problems: JournalProblem[];
  /** In bytes: of its first line, and behind its last one. */
  from: number;
  to: number;
  /** Whether an event of the same step is right before it. */
  isFirstCut: boolean;
}

/** What happened before the first step, as far as the limits reach. */
export async function readHead(handle: FileHandle, file: string, limits: WindowLimits): Promise<ReadWindow> {
  const head: ReadWindow = { events: [], problems: [], from: 0, to: 0, isFirstCut: false };
  for await (const lines of readLines(handle)) {
    for (const line of lines) {
      const isOver = line.end > limits.bytes || head.events.length >= limits.events;
      // The first one says what the run is.
      if (line.isTorn || (isOver && head.events.length > 0)) return head;
      const read = readLine(line);
      if (typeof read === "string") head.problems.push({ file, reason: read });
      else if (read && read.step > 0) return head;
      else if (read) head.events.push(read);
      head.to = line.end;
    }
  }
  return head;
}

/**
 * The last events, as many as belong together within the limits.
 * @param size where the log ends
 * @param least in bytes: what is before it is not looked at
 */
export async function readTail(
  handle: FileHandle,
  { file, size, least, limits }: { file: string; size: number; least: number; limits: WindowLimits },
): Promise<ReadWindow> {
  const found: { event: RunEvent; start: number; bytes: number }[] = [];
  const problems: JournalProblem[] = [];
  let steps = 0;
  let isFull = false;
  let start = size;
  const take = (event: RunEvent, from: number, bytes: number) => {
    if (found.at(-1)?.event.step !== event.step) steps += 1;
    found.push({ event, start: from, bytes });
    // One more than there is room for, which tells whether a step begins behind it.
    isFull = size - from > limits.bytes || found.length > limits.events || steps > limits.steps;
  };
  reading: for await (const lines of readLinesBackward(handle, size)) {
    for (const line of lines) {
      if (line.start < least) break reading;
      const read = readLine(line);
      start = line.start;
      if (typeof read === "string") problems.push({ file, reason: read });
      else if (read) take(read, line.start, line.end - line.start);
      if (isFull || start === least) break reading;
    }
  }
  found.reverse();
  const columns = {
    stepOf: (at: number) => found[at]?.event.step ?? 0,
    bytesOf: (at: number) => found[at]?.bytes ?? 0,
  };
  const first = reachBack(found.length, columns, limits);
  const window = found.slice(first);
  const from = first > 0 ? (window[0]?.start ?? size) : start;
  const isFirstCut = found[first - 1]?.event.step === window[0]?.event.step;
  return { events: window.map(({ event }) => event), problems: problems.reverse(), from, to: size, isFirstCut };
}
