/** Rows of a run of another system: what was read of it is in memory already. */

import { filterMatcher } from "../../app/rowFilter";
import type { KindCounts } from "../../app/rowTallies";
import type { RunIndex } from "../../app/runIndex";
import { eventRowOf } from "../../model/eventRow";
import { kindOfType } from "../../model/eventRowKinds";
import type { RunEvent } from "../../model/events";
import { failureOf } from "../../model/failures";
import type { RowSource } from "./rowSource";

export function loadedRows(runs: RunIndex, dir: string): RowSource {
  const read = async () => (await runs.load(dir)).events;
  return {
    async count() {
      const events = await read();
      const times = events.map(({ timestamp }) => timestamp).filter((time) => time > 0);
      const [first, last] = [times[0], times.at(-1)];
      return {
        count: events.length,
        failures: events.filter(failureOf).length,
        kinds: countKinds(events),
        ...(first !== undefined && { first }),
        ...(last !== undefined && { last }),
        generation: dir,
        isRegular: true,
        isComplete: true,
      };
    },
    async rows(at) {
      const events = await read();
      return at.flatMap((position) => {
        const event = events[position];
        return event ? [eventRowOf(event, position)] : [];
      });
    },
    async filter(filter, from, _signal, onPart) {
      const events = await read();
      const matches = filterMatcher(filter, Date.now());
      const found: number[] = [];
      for (let at = from; at < events.length; at += 1) {
        const event = events[at];
        if (event && matches(event)) found.push(at);
      }
      onPart(found);
      return events.length;
    },
    async find({ step, seq }) {
      const events = await read();
      const at = events.findIndex((event) => (seq === undefined ? event.step === step : event.seq === seq));
      return at === -1 ? undefined : at;
    },
  };
}

function countKinds(events: readonly RunEvent[]): KindCounts {
  const kinds: KindCounts = {};
  for (const { type } of events) {
    const kind = kindOfType(type);
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}
