/** Events of a run's log as rows, by their position: counted, read and filtered without reading the whole log each time. */
import { stat } from "node:fs/promises";
import { type EventRow, eventRowOf } from "../model/eventRow";
import { kindOfType, type RowKind } from "../model/eventRowKinds";
import type { RunEvent } from "../model/events";
import { failureOf } from "../model/failures";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import type { LogTask } from "./logTasks";
import { filterMatcher, type RowFilter } from "./rowFilter";

/** Kinds without an event are left out. */
export type KindCounts = Partial<Record<RowKind, number>>;

export interface EventCount {
  count: number;
  failures: number;
  kinds: KindCounts;
  /** Of the first and last event, Unix ms; absent where there is none. */
  first?: number;
  last?: number;
  /** Another one where the log was replaced: no position of before holds. */
  generation: string;
  /** Whether the count comes from the whole log, and not from its last event alone. */
  isComplete: boolean;
}

export interface RowReader {
  /** What can be told before the log has been looked through comes as a part. */
  countEvents: LogTask<{ dir: string }, EventCount, EventCount>;
  /** Rows at these positions, in their order; those that are not there are left out. */
  readRows: LogTask<{ dir: string; at: readonly number[] }, EventRow[]>;
  /** Positions from `from` on, in parts; gives how far the log was looked through. */
  filterRows: LogTask<{ dir: string; from: number; filter: RowFilter }, number, number[]>;
  /** Position of an event, or of the first one of a step. */
  findEvent: LogTask<{ dir: string; step: number; seq?: number }, number | undefined>;
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
        kinds: countKinds(events),
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
    async filterRows({ dir, from, filter }, { emit }) {
      const { events } = await read(dir);
      const matches = filterMatcher(filter, Date.now());
      emit([...events.entries()].flatMap(([at, event]) => (at >= from && matches(event) ? [at] : [])));
      return events.length;
    },
    async findEvent({ dir, step, seq }) {
      const { events } = await read(dir);
      const at = events.findIndex((event) => (seq === undefined ? event.step === step : event.seq === seq));
      return at === -1 ? undefined : at;
    },
  };
}

export function countKinds(events: readonly RunEvent[]): KindCounts {
  const kinds: KindCounts = {};
  for (const { type } of events) {
    const kind = kindOfType(type);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}
