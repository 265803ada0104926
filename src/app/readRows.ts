/** Events of a run's log as rows, by their position: counted, read and filtered without parsing what nobody looks at. */
import { setTimeout } from "node:timers/promises";
import { type EventRow, eventRowOf } from "../model/eventRow";
import { kindOfType } from "../model/eventRowKinds";
import type { RunEvent } from "../model/events";
import type { EventIndex, IndexedLog } from "../store/eventIndex";
import { IndexedEvents, LogReplaced } from "../store/indexedEvents";
import { layout } from "../store/layout";
import { openToRead } from "../store/readLines";
import { readTail } from "../store/readWindow";
import { findRows } from "./findRows";
import type { LogTask, TaskContext } from "./logTasks";
import type { OpenLogs } from "./openLogs";
import { createPace } from "./pace";
import type { RowFilter } from "./rowFilter";
import { type KindCounts, RowTallies } from "./rowTallies";

export interface EventCount {
  count: number;
  /** Absent while the log has not been looked through. */
  failures?: number;
  kinds?: KindCounts;
  /** Of the first and last event, Unix ms; absent where there is none. */
  first?: number;
  last?: number;
  /** Another one where the log was replaced; "" where that cannot be told yet. */
  generation: string;
  /** Whether the numbers of the events tell their positions: what was told ahead of the whole count holds. */
  isRegular: boolean;
  /** Whether the whole log has been looked through; else its last event tells how many there are. */
  isComplete: boolean;
}

export interface RowReader {
  /** Of a long log, what its end tells comes ahead as a part. */
  countEvents: LogTask<{ dir: string }, EventCount, EventCount>;
  /** Rows at these positions, in their order; what is behind the end is left out. */
  readRows: LogTask<{ dir: string; at: readonly number[] }, EventRow[]>;
  /** Positions from `from` on, in parts; gives how far the log was looked through. */
  filterRows: LogTask<{ dir: string; from: number; filter: RowFilter }, number, number[]>;
  /** Position of an event, or of the first one of a step. */
  findEvent: LogTask<{ dir: string; step: number; seq?: number }, number | undefined>;
}

/** Of a log that has not been looked through. */
interface LogEnd {
  /** By their position, as far as nothing is missing in the log. */
  events: ReadonlyMap<number, RunEvent>;
  count: number;
}

const endLimits = { steps: 200, events: 200, bytes: 256 * 1024 };
const mostAttempts = 5;
const lookEveryMs = 5;

export function createRowReader(logs: OpenLogs): RowReader {
  const tallies = new RowTallies();
  const ends = new Map<string, LogEnd>();

  const countOf = async (index: EventIndex, signal: AbortSignal): Promise<EventCount> => {
    const { count } = index;
    const { kinds, failures, generation } = await tallies.of(index, count, createPace(signal));
    const times = count > 0 && { first: index.timestampOf(0), last: index.timestampOf(count - 1) };
    const isRegular = count === 0 || index.seqOf(count - 1) === count;
    return { count, failures, kinds, ...times, generation, isRegular, isComplete: true };
  };

  return {
    async countEvents({ dir }, { signal, mayWrite, emit }) {
      const file = layout.journal(dir);
      const log = logs.at(file, { mayWrite });
      const isFirst = log.index.bytes === 0;
      const end = isFirst ? await readLogEnd(file) : undefined;
      if (end) {
        ends.set(file, end);
        const last = end.events.get(end.count - 1)?.timestamp;
        emit({
          count: end.count,
          ...(last !== undefined && { last }),
          generation: "",
          isRegular: true,
          isComplete: false,
        });
      }
      try {
        await log.refresh(signal);
      } finally {
        ends.delete(file);
      }
      const { index } = log;
      if (index.count === 0) throw new Error(index.problems[0]?.reason ?? "No event has been recorded yet.");
      return await countOf(index, signal);
    },
    async readRows({ dir, at }, context) {
      const file = layout.journal(dir);
      const end = ends.get(file);
      if (end && at.every((position) => end.events.has(position)))
        return at.flatMap((position) => rowOf(end.events.get(position), position));
      return await withEvents(logs.at(file, context), Math.max(...at), context, async (events) => {
        const pace = createPace(context.signal);
        const rows: EventRow[] = [];
        for (const position of at) {
          if (position >= events.index.count) break;
          const event = await events.read(position);
          rows.push(event ? eventRowOf(event, position) : unsoundRow(events.index, position));
          await pace();
        }
        return rows;
      });
    },
    async filterRows({ dir, from, filter }, context) {
      const file = layout.journal(dir);
      const log = logs.at(file, context);
      await log.refresh(context.signal);
      const { index } = log;
      const to = index.count;
      for await (const found of findRows(file, index, { from, to, filter, signal: context.signal })) {
        if (found.length > 0) context.emit(found);
      }
      return to;
    },
    async findEvent({ dir, step, seq }, context) {
      const log = logs.at(layout.journal(dir), context);
      await log.refresh(context.signal);
      return (seq === undefined ? undefined : log.index.find(seq)) ?? log.index.rangeOf(step)?.from;
    },
  };
}

function rowOf(event: RunEvent | undefined, at: number): EventRow[] {
  return event ? [eventRowOf(event, at)] : [];
}

/** What stands there has the head of an event, and nothing sound behind it. */
function unsoundRow(index: EventIndex, at: number): EventRow {
  const type = index.typeOf(at);
  const text = `This record of a ${kindOfType(type)} event cannot be read.`;
  return { at, seq: index.seqOf(at), time: index.timestampOf(at), type, step: index.stepOf(at), level: "warn", text };
}

/** An index grows while it is made: what it knows already need not wait for the rest. */
async function reach(log: IndexedLog, last: number, signal: AbortSignal): Promise<void> {
  if (last < log.index.count) return;
  const whole = log.refresh(signal).then(() => true);
  // Once nobody waits for it, its failure is that of whoever asks for more.
  whole.catch(() => {});
  while (log.index.count <= last) if (await Promise.race([whole, setTimeout(lookEveryMs, false)])) return;
}

/** With the index as far as it is needed, and made anew where the log turns out to be another. */
async function withEvents<Result>(
  log: IndexedLog,
  last: number,
  { signal }: Pick<TaskContext, "signal">,
  action: (events: IndexedEvents) => Promise<Result>,
): Promise<Result> {
  await reach(log, last, signal);
  for (let attempt = 1; ; attempt += 1) {
    const { index } = log;
    const handle = await openToRead(log.file);
    try {
      return await action(new IndexedEvents(handle, index));
    } catch (error) {
      if (!(error instanceof LogReplaced) || attempt === mostAttempts) throw error;
    } finally {
      await handle.close();
    }
    await log.rebuild(signal);
  }
}

/** `undefined` where the log is short: then it is looked through as quickly. */
async function readLogEnd(file: string): Promise<LogEnd | undefined> {
  const handle = await openToRead(file).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    if (size <= 4 * endLimits.bytes) return undefined;
    const { events } = await readTail(handle, { file, size, least: 0, limits: endLimits });
    const count = events.at(-1)?.seq ?? 0;
    return count === 0 ? undefined : { count, events: new Map(events.map((event) => [event.seq - 1, event])) };
  } finally {
    await handle.close();
  }
}
