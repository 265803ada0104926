/** Reads a run of ours, or the part of a long one that someone looks at. */
import type { FileHandle } from "node:fs/promises";
import type { RunEvent } from "../model/events";
import { countSteps } from "../model/nodeItems";
import { type Run, runOf } from "../model/run";
import { mostPreparation } from "../model/trimRun";
import { type WindowLimits, windowLimits } from "../model/windowEdges";
import type { EventIndex } from "../store/eventIndex";
import { IndexedEvents, LogReplaced } from "../store/indexedEvents";
import { layout } from "../store/layout";
import { explainOpen, type JournalProblem, readJournal } from "../store/readJournal";
import { openToRead } from "../store/readLines";
import { readHead, readTail } from "../store/readWindow";
import { choosePart } from "./choosePart";
import { finishLastStep } from "./finishLastStep";
import type { LogTask, TaskContext } from "./logTasks";
import type { OpenLogs } from "./openLogs";
import { createPace } from "./pace";
import { failuresOfPart } from "./partFailures";
import type { RunFacts } from "./runFold";
import type { LoadedRun, WantedPart } from "./runIndex";

export interface PartArgs extends WantedPart {
  dir: string;
  /** Whether it may take until all of a long log has been looked through; so it does where the part is not the end. */
  isWhole?: boolean;
}

export interface PartReader {
  readPart: LogTask<PartArgs, LoadedRun>;
}

export interface PartSizes {
  /** Logs from this size on are given in parts. Bytes. */
  longFrom: number;
  usual: WindowLimits;
  /** Of what is given at once. */
  first: WindowLimits;
}

export const partSizes: PartSizes = {
  longFrom: 1024 * 1024,
  usual: windowLimits,
  first: { steps: 100, events: 500, bytes: 256 * 1024 },
};

/** A log that is replaced again and again while it is read is not read for ever. */
const mostAttempts = 5;

export function createPartReader(logs: OpenLogs, sizes: PartSizes = partSizes): PartReader {
  return {
    async readPart({ dir, isWhole, ...wanted }, context) {
      const file = layout.journal(dir);
      const isEnd = wanted.step === undefined && wanted.seq === undefined;
      const isKnown = isWhole || !isEnd || logs.knowsRun(file);
      const loaded = await withLog(file, async (handle, size) => {
        if (size <= sizes.longFrom) return undefined;
        return isKnown ? "long" : await readEnd(handle, file, size, sizes.first);
      });
      if (loaded === undefined) return await readShort(file);
      return loaded === "long" ? await readLong(logs, file, wanted, sizes.usual, context) : loaded;
    },
  };
}

export async function withLog<Result>(
  file: string,
  action: (handle: FileHandle, size: number) => Promise<Result>,
): Promise<Result> {
  let handle: FileHandle;
  try {
    handle = await openToRead(file);
  } catch (error) {
    throw nothingThere(file, explainOpen(error));
  }
  try {
    return await action(handle, (await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

export async function readShort(file: string): Promise<LoadedRun> {
  const { events, problems } = await readJournal(file);
  const run = runOf(events);
  if (!run) throw nothingThere(file, problems[0]?.reason);
  return { run, events, problems };
}

/** What can be told at once, however long the log is: from its beginning and its end. */
async function readEnd(handle: FileHandle, file: string, size: number, limits: WindowLimits): Promise<LoadedRun> {
  const head = await readHead(handle, file, limits);
  const tail = await readTail(handle, { file, size, least: head.to, limits });
  const events = [...head.events, ...tail.events];
  const problems = [...head.problems, ...tail.problems];
  const run = runOf(events);
  if (!run) throw nothingThere(file, problems[0]?.reason);
  const [first, last] = [tail.events[0], tail.events.at(-1)];
  if (tail.from <= head.to || !first || !last) return { run, events, problems };
  // Nothing was left out when it was recorded: its numbers tell how much there is.
  run.eventCount = run.lastSeq;
  run.omitted = { count: Math.max(0, run.lastStep - countSteps(run)), upTo: first.step - 1 };
  const place = { hasEarlier: true, hasLater: false, isFirstCut: tail.isFirstCut, isWhole: false };
  return { run, events, part: { ...edgesOf(first, last), ...place }, problems };
}

async function readLong(
  logs: OpenLogs,
  file: string,
  wanted: WantedPart,
  limits: WindowLimits,
  context: Pick<TaskContext, "mayWrite" | "signal">,
): Promise<LoadedRun> {
  return await withIndex(logs, file, context, async (events, facts) => {
    const { index } = events;
    const { count } = facts;
    const headEnd = findHeadEnd(index, count);
    const head = await readRange(events, Math.max(0, headEnd - mostPreparation), headEnd, context.signal);
    const { from, to } = choosePart(index, wanted, headEnd, count, limits);
    const shown = await readRange(events, from, to, context.signal);
    const part = runOf(shown);
    const [first, last] = [shown[0], shown.at(-1)];
    const { run } = facts;
    const problems = [...index.problems];
    if (!part || !first || !last) return { run: withoutOmitted(run), events: head, problems };
    run.failures = await failuresOfPart(part.failures, events, to, facts);
    beginFirstStep(part, index, from);
    await finishLastStep(part, events, to);
    run.steps = part.steps;
    const all = [...head, ...shown];
    if (from <= headEnd && to >= count) return { run: withoutOmitted(run), events: all, problems };
    run.omitted = { count: (run.omitted?.count ?? 0) - countSteps({ steps: run.steps }), upTo: first.step - 1 };
    const isFirstCut = from > headEnd && index.stepOf(from - 1) === first.step;
    const place = { hasEarlier: from > headEnd, hasLater: to < count, isFirstCut, isWhole: true };
    return { run, events: all, part: { ...edgesOf(first, last), ...place }, problems };
  });
}

/** Brings the index and what it tells of the run up to date, and has it done anew where the log turns out to be another. */
export async function withIndex<Result>(
  logs: OpenLogs,
  file: string,
  { mayWrite, signal }: Pick<TaskContext, "mayWrite" | "signal">,
  action: (events: IndexedEvents, facts: RunFacts) => Promise<Result>,
): Promise<Result> {
  const log = logs.at(file, { mayWrite });
  for (let attempt = 1; ; attempt += 1) {
    await log.refresh(signal);
    const { index } = log;
    try {
      return await withLog(file, async (handle) => {
        const events = new IndexedEvents(handle, index);
        const facts = await logs.foldOf(index).read(events, createPace(signal));
        if (!facts) throw nothingThere(file, index.problems[0]?.reason);
        return await action(events, facts);
      });
    } catch (error) {
      if (!(error instanceof LogReplaced)) throw error;
      if (attempt === mostAttempts) throw new Error(`${error.message} It changes while it is read: ${file}`);
      await log.rebuild(signal);
    }
  }
}

function findHeadEnd(index: EventIndex, count: number): number {
  let at = 0;
  while (at < count && index.stepOf(at) === 0) at += 1;
  return at;
}

async function readRange(events: IndexedEvents, from: number, to: number, signal: AbortSignal): Promise<RunEvent[]> {
  const pace = createPace(signal);
  const read: RunEvent[] = [];
  for (let at = from; at < to; at += 1) {
    const event = await events.read(at);
    if (event) read.push(event);
    await pace();
  }
  return read;
}

/** A step that the part has not from its beginning still says when it began. */
function beginFirstStep(part: Run, index: EventIndex, from: number): void {
  const [first] = part.steps;
  if (!first || from === 0 || index.stepOf(from - 1) !== first.step) return;
  const range = index.rangeOf(first.step);
  if (range) first.startedAt = index.timestampOf(range.from);
}

function withoutOmitted({ omitted: _, ...run }: Run): Run {
  return run;
}

function edgesOf(first: RunEvent, last: RunEvent) {
  return { firstStep: first.step, lastStep: last.step, firstSeq: first.seq, lastSeq: last.seq };
}

function nothingThere(file: string, reason: JournalProblem["reason"] = "No event has been recorded"): Error {
  return new Error(`${reason} (${file})`);
}
