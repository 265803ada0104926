/** Events that are known by their number alone, so that each one in a log can be checked; short ones, and now and then a long one. */
import type { RunEvent } from "../../src/model/events";

/** As one piece in memory, which is fast to write out. */
const long = Buffer.alloc(2_000_000, "word ").toString("latin1");

/** One of so many is long. */
export const longEach = 64;

export function numberedEvent(seq: number): RunEvent {
  const line = seq % longEach === 0 ? `${seq} ${long}` : `${seq} é☃ "quoted" \u2028 `.repeat(seq % 7);
  return {
    ...{ id: `e${seq}`, timestamp: 1_000 + seq, jobId: "j", runId: "r", seq, expertKey: "solo", step: 1 + (seq >> 4) },
    ...{ type: "logSkill", skill: "s", line },
  };
}

export function numberedEvents(count: number, from = 1): RunEvent[] {
  return Array.from({ length: count }, (_, index) => numberedEvent(from + index));
}
