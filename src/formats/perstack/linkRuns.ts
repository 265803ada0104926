/**
 * Which of Perstack's runs are one run of ours. Perstack begins a new run id whenever an expert goes on: after its delegates,
 * after an answer, with another query. Ours goes on in the same run, except for another query.
 *
 * A run that goes on does not say from where: its first checkpoint has a new id and, after a continue, the run id of the
 * job's first run. What it shares with the checkpoint it came from is the conversation, whose messages have ids.
 */
import type { Origin } from "../../model/events";
import type { PerstackCheckpoint, PerstackEventOf, SavedCheckpoint } from "./perstackEvent";
import { isUserMessage, messageId } from "./perstackMessages";
import type { PerstackRecord } from "./perstackRecord";

/** What one of Perstack's runs recorded, from its start to its end. */
export interface Segment {
  runId: string;
  records: PerstackRecord[];
  setup?: PerstackEventOf<"initializeRuntime">;
  start?: PerstackEventOf<"startRun">;
  run: LinkedRun;
}

export interface LinkedRun {
  id: string;
  segments: Segment[];
  parent?: { runId: string; toolCallId: string };
  origin?: Omit<Origin, "jobId">;
  /** By the id of the call that delegates. */
  delegates: Map<string, LinkedRun>;
}

/** Places in the job's records. */
type Unplaced = Omit<Segment, "run"> & { begins: number; completes?: number };

/** A checkpoint as an event tells of it. */
interface Snapshot {
  checkpoint: SavedCheckpoint;
  of: Unplaced;
  at: number;
}

/** @param records of one job, in order */
export function linkRuns(records: readonly PerstackRecord[]): {
  runs: LinkedRun[];
  segmentOf: Map<PerstackRecord, Segment>;
} {
  const { parts, snapshots } = divide(records);
  const runs: LinkedRun[] = [];
  const runOf = new Map<Unplaced, LinkedRun>();
  const segmentOf = new Map<PerstackRecord, Segment>();
  for (const part of parts) {
    const earlier = snapshots.flatMap(({ at, of, checkpoint }): LinkedSnapshot[] => {
      const run = runOf.get(of);
      return at < part.begins && run ? [{ checkpoint, run, of }] : [];
    });
    const run = placePart(part, runs, earlier);
    runOf.set(part, run);
    const { begins: _, completes: __, ...rest } = part;
    const segment: Segment = { ...rest, run };
    run.segments.push(segment);
    for (const record of part.records) segmentOf.set(record, segment);
  }
  return { runs, segmentOf };
}

/** By run id, and within one by its starts: runtime events are told before the start of the run they are of. */
function divide(records: readonly PerstackRecord[]): { parts: Unplaced[]; snapshots: Snapshot[] } {
  const open = new Map<string, Unplaced>();
  const parts: Unplaced[] = [];
  const snapshots: Snapshot[] = [];
  records.forEach((record, at) => {
    const { event } = record;
    let part = open.get(event.runId);
    const isSetup = event.type === "initializeRuntime";
    const isStart = event.type === "startRun" || event.type === "documentedStart";
    if (!part || isSetup || (isStart && part.records.some((each) => each.event.type === event.type))) {
      part = { runId: event.runId, records: [], begins: at };
      parts.push(part);
      open.set(event.runId, part);
    }
    if (isSetup) part.setup = event;
    if (event.type === "startRun") part.start = event;
    if (event.type === "completeRun" || event.type === "finishRun") part.completes = at;
    if ("checkpoint" in event && event.checkpoint) snapshots.push({ checkpoint: event.checkpoint, of: part, at });
    part.records.push(record);
  });
  return { parts, snapshots };
}

interface LinkedSnapshot {
  checkpoint: SavedCheckpoint;
  run: LinkedRun;
  of: Unplaced;
}

/** @param earlier what was told before the part begins */
function placePart(part: Unplaced, runs: LinkedRun[], earlier: readonly LinkedSnapshot[]): LinkedRun {
  const { start } = part;
  const source = start && sourceOf(start.initialCheckpoint, earlier);
  const isAsked = start?.inputMessages.some(isUserMessage) ?? true;
  if (source && !isAsked && isOpen(source, part, earlier)) return source.run;
  const run = addRun(runs, part.runId);
  if (source) run.origin = originFrom(source, earlier);
  const delegatedBy = start?.initialCheckpoint.delegatedBy;
  if (!delegatedBy) return run;
  const parent = parentOf(delegatedBy, runs, earlier);
  const { toolCallId } = delegatedBy;
  const runId = parent?.id ?? delegatedBy.runId;
  if (runId !== undefined) run.parent = { runId, toolCallId };
  if (parent && !parent.delegates.has(toolCallId)) parent.delegates.set(toolCallId, run);
  return run;
}

/** Whether the run has not gone on from there already, nor is done: what is done is only branched from. */
function isOpen({ run, of }: LinkedSnapshot, { begins }: Unplaced, earlier: readonly LinkedSnapshot[]): boolean {
  const newest = earlier.findLast((each) => each.run === run);
  return newest?.of === of && !(of.completes !== undefined && of.completes < begins);
}

/** An id is a folder of its own; Perstack 0.0.46 used one for all that followed. */
function addRun(runs: LinkedRun[], runId: string): LinkedRun {
  const taken = new Set(runs.map(({ id }) => id));
  let id = runId;
  for (let count = 2; taken.has(id); count += 1) id = `${runId}-${count}`;
  const run: LinkedRun = { id, segments: [], delegates: new Map() };
  runs.push(run);
  return run;
}

/** The checkpoint that a run's first one is the next of. */
function sourceOf(first: PerstackCheckpoint, snapshots: readonly LinkedSnapshot[]): LinkedSnapshot | undefined {
  const lastId = messageId(first.messages.at(-1));
  if (first.status === "init" || lastId === undefined) return undefined;
  const same = snapshots.filter(
    ({ checkpoint: { messages, expert } }) =>
      messages.count === first.messages.length &&
      messageId(messages.last) === lastId &&
      expert.key === first.expert.key,
  );
  return (
    same.findLast(({ checkpoint }) => checkpoint.stepNumber === first.stepNumber - 1) ??
    same.findLast(({ checkpoint }) => checkpoint.status === first.status) ??
    same.at(-1)
  );
}

function originFrom({ checkpoint, run }: LinkedSnapshot, snapshots: readonly LinkedSnapshot[]): Omit<Origin, "jobId"> {
  const newest = snapshots.findLast((each) => each.run === run);
  const kind = newest?.checkpoint === checkpoint ? "continue" : "resume";
  return { kind, runId: run.id, checkpointId: checkpoint.id };
}

/** The run id is the second choice: of a job that was continued it is that of the job's first run. */
function parentOf(
  { checkpointId, runId, toolCallId }: NonNullable<PerstackCheckpoint["delegatedBy"]>,
  runs: readonly LinkedRun[],
  snapshots: readonly LinkedSnapshot[],
): LinkedRun | undefined {
  const told = snapshots.findLast(({ checkpoint }) => checkpoint.id === checkpointId);
  const calls = ({ checkpoint: { delegateTo } }: LinkedSnapshot) =>
    delegateTo?.some((each) => each.toolCallId === toolCallId);
  return (
    told?.run ??
    snapshots.findLast(calls)?.run ??
    runs.findLast(({ segments }) => segments.some((segment) => segment.runId === runId))
  );
}
