/** Reading a journal: good events plus problems, never an exception for bad data; and healing a torn end. */
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { parseEvent, type RunEvent } from "../model/events";
import { layout } from "./layout";
import { type FileLine, type LineOptions, openToRead, readLines, readLinesBackward } from "./readLines";

export interface JournalProblem {
  file: string;
  /** Counted from 1. */
  line?: number;
  reason: string;
}

export interface JournalContent {
  events: RunEvent[];
  problems: JournalProblem[];
}

/** Whether the run's folder has a journal: then it is a run of ours. */
export async function isJournaled(runDir: string): Promise<boolean> {
  try {
    return (await stat(layout.journal(runDir))).isFile();
  } catch {
    return false;
  }
}

/** A file that is not there is an empty journal with a problem. Throws nothing. */
export async function readJournal(path: string, options?: LineOptions): Promise<JournalContent> {
  const events: RunEvent[] = [];
  const problems = await scanJournal(path, (event) => events.push(event), options);
  return { events, problems };
}

/** The same in memory that does not grow with the journal: `onEvent` hears each event. Gives the problems. */
export async function scanJournal(
  path: string,
  onEvent: (event: RunEvent) => void,
  options?: LineOptions,
): Promise<JournalProblem[]> {
  const problems: JournalProblem[] = [];
  let handle: FileHandle | undefined;
  try {
    handle = await openToRead(path);
    let line = 0;
    for await (const lines of readLines(handle, 0, options)) {
      for (const each of lines) {
        line += 1;
        const read = readLine(each);
        if (typeof read === "string") problems.push({ file: path, line, reason: read });
        else if (read) onEvent(read);
      }
    }
  } catch (error) {
    problems.push({ file: path, reason: explainOpen(error) });
  } finally {
    await handle?.close();
  }
  return problems;
}

/** The first and the last event, without what is between; none where there is no journal. */
export async function readEnds(path: string): Promise<{ first?: RunEvent; last?: RunEvent }> {
  let handle: FileHandle | undefined;
  try {
    handle = await openToRead(path);
    const { size } = await handle.stat();
    const first = await firstOf(readLines(handle));
    const last = first && (await firstOf(readLinesBackward(handle, size)));
    return { ...(first && { first }), ...(last && { last }) };
  } catch {
    return {};
  } finally {
    await handle?.close();
  }
}

async function firstOf(pieces: AsyncIterable<FileLine[]>): Promise<RunEvent | undefined> {
  for await (const lines of pieces) {
    for (const line of lines) {
      const read = readLine(line);
      if (typeof read === "object") return read;
    }
  }
  return undefined;
}

/** The event of a line, or a sentence that says why it is none; `undefined` for an empty line. */
export function readLine({ text, start, end, isTorn }: FileLine): RunEvent | string | undefined {
  if (isTorn) return `The last record is torn (${end - start} bytes).`;
  if (text === undefined) return "A line is too long to be read.";
  if (text === "") return undefined;
  const parsed = parseEvent(parseJson(text));
  return "event" in parsed ? parsed.event : parsed.problem;
}

/** Why a journal could not be read. */
export function explainOpen(error: unknown): string {
  return codeOf(error) === "ENOENT" ? "There is no journal here." : messageOf(error);
}

/**
 * Ends a journal whose last write was cut off with a whole line again: a record that only lacks its line feed gets it, a
 * piece of one is cut away (nobody ever heard of it). Reads no more than that. Gives back what was done, for the log.
 */
export async function healJournal(path: string): Promise<string | undefined> {
  const handle = await open(path, "r+");
  try {
    const { size } = await handle.stat();
    for await (const [last] of readLinesBackward(handle, size)) {
      if (!last?.isTorn) return undefined;
      if (last.text !== undefined && "event" in parseEvent(parseJson(last.text))) {
        await handle.write("\n", size);
        return "The last record lacked its line feed and got it.";
      }
      await handle.truncate(last.start);
      return `A torn record of ${size - last.start} bytes at the end was cut away.`;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The event with its whole result where it was spilled to a file beside the journal. */
export async function readSpilled(runDir: string, event: RunEvent): Promise<RunEvent> {
  if (event.type !== "finishToolCall" || !event.spilled) return event;
  const { spilled, ...rest } = event;
  if (!/^spill\/[0-9a-f]{64}\.json$/.test(spilled.file)) return event;
  const whole = parseJson(await readFile(join(runDir, spilled.file), "utf8"));
  const parsed = parseEvent({ ...rest, result: whole });
  return "event" in parsed ? parsed.event : event;
}

/** The events with their whole results; one that cannot be read any more stays the head that the event has. */
export async function readWhole(runDir: string, events: readonly RunEvent[]): Promise<RunEvent[]> {
  return await Promise.all(events.map((event) => readSpilled(runDir, event).catch(() => event)));
}
