/** Rows of a run of ours: its log is read, counted and filtered by the thread for that. */
import type { LogReader } from "../../app/logReader";
import type { RowSource } from "./rowSource";

export function journalRows(logs: LogReader, dir: string): RowSource {
  return {
    count: async (signal, onPart) => await logs.do("countEvents", { dir }, { signal, onPart }),
    rows: async (at) => (at.length === 0 ? [] : await logs.do("readRows", { dir, at })),
    filter: async (filter, from, signal, onPart) =>
      await logs.do("filterRows", { dir, from, filter }, { signal, onPart }),
    find: async ({ step, seq }) => await logs.do("findEvent", { dir, step, ...(seq !== undefined && { seq }) }),
  };
}
