/** Events of a run's log as rows, by their position: counted, read and filtered without reading the whole log each time. */
import { stat } from "node:fs/promises";
import { type EventRow, eventRowOf } from "../model/eventRow";
import { kindOfType, type RowKind } from "../model/eventRowKinds";
import type { RunEvent } from "../model/events";
import { failureOf } from "../model/failures";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import type { LogTask } from "./logTasks";

export interface EventCount {
  count: number;
  failures: number;
  /** Of the first and last event, Unix ms; absent where there is none. */
  first?: number;
  last?: number;
  /** Another one where the log was replaced: no position of before holds. */
  generation: string;
  /** Whether the count comes from the whole log, and not from its last event alone. */
  isComplete: boolean;
}

/** What rows must be; nothing chosen: any. */
export interface RowFilter {
  kinds: readonly RowKind[];
  isFailuresOnly: boolean;
}

export interface RowReader {
  /** What can be told before the log has been looked through comes as a part. */
  countEvents: LogTask<{ dir: string }, EventCount, EventCount>;
  /** Rows at these positions, in their order; those that are not there are left out. */
  readRows: LogTask<{ dir: string; at: readonly number[] }, EventRow[]>;
  /** Positions from `from` on, in parts; gives how far the log was looked through. */
  filterRows: LogTask<{ dir: string; from: number } & RowFilter, number, number[]>;
}

export function createRowReader(): RowReader {
  const kept = new Map<string, { stamp: string; events: RunEvent[] }>();
  const read = async (dir: string) => {
    const { size, mtimeMs, ino } = await stat(layout.journal(dir));
    const stamp = `${size} ${mtimeMs} ${ino}`;
    const known = kept.get(dir);
    if (known?.stamp === stamp) return { events: known.events, ino };
    const { events } = await readJournal(layout.journal(dir));
    kept.set(dir, { stamp, events });
    return { events, ino };
  };
  return {
    async countEvents({ dir }) {
      const { events, ino } = await read(dir);
      const [first, last] = [events[0]?.timestamp, events.at(-1)?.timestamp];
      return {
        count: events.length,
        failures: events.filter(failureOf).length,
        ...(first !== undefined && { first }),
        ...(last !== undefined && { last }),
        generation: String(ino),
        isComplete: true,
      };
    },
    async readRows({ dir, at }) {
      const { events } = await read(dir);
      return at.flatMap((position) => {
        const event = events[position];
        return event ? [eventRowOf(event, position)] : [];
      });
    },
    async filterRows({ dir, from, kinds, isFailuresOnly }, { emit }) {
      const { events } = await read(dir);
      const found: number[] = [];
      for (const [at, event] of events.entries()) {
        if (at < from || (isFailuresOnly && !failureOf(event))) continue;
        if (kinds.length === 0 || kinds.includes(kindOfType(event.type))) found.push(at);
      }
      emit(found);
      return events.length;
    },
  };
}
