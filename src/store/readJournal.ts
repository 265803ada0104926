/** Reading a journal: good events plus problems, never an exception for bad data; and healing a torn end. */
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import { parseJson, splitLines } from "../base/lines";
import { parseEvent, type RunEvent } from "../model/events";
import { layout } from "./layout";

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

/** A file that is not there is an empty journal with a problem. */
export async function readJournal(path: string): Promise<JournalContent> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    const reason = codeOf(error) === "ENOENT" ? "There is no journal here." : messageOf(error);
    return { events: [], problems: [{ file: path, reason }] };
  }
  return parseJournal(content, path);
}

export function parseJournal(content: string, file: string): JournalContent {
  const { lines, tail } = splitLines(content);
  const events: RunEvent[] = [];
  const problems: JournalProblem[] = [];
  for (const { text, number } of lines) {
    if (text === "") continue;
    const parsed = parseEvent(parseJson(text));
    if ("event" in parsed) events.push(parsed.event);
    else problems.push({ file, line: number, reason: parsed.problem });
  }
  if (tail !== "") {
    problems.push({
      file,
      line: lines.length + 1,
      reason: `The last record is torn (${Buffer.byteLength(tail)} bytes).`,
    });
  }
  return { events, problems };
}

/**
 * Ends a journal whose last write was cut off with a whole line again: a record that only lacks its line feed gets it, a
 * piece of one is cut away (nobody ever heard of it). Gives back what was done, for the log.
 */
export async function healJournal(path: string): Promise<string | undefined> {
  const handle = await open(path, "r+");
  try {
    const content = await handle.readFile();
    const end = content.lastIndexOf(10) + 1;
    if (end === content.length) return undefined;
    const tail = content.subarray(end);
    if ("event" in parseEvent(parseJson(tail.toString("utf8")))) {
      await handle.write("\n", content.length);
      return "The last record lacked its line feed and got it.";
    }
    await handle.truncate(end);
    return `A torn record of ${tail.length} bytes at the end was cut away.`;
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
