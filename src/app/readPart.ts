/** Reads a run of ours, or the part of a long one that someone looks at. */
import { runOf } from "../model/run";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import type { LogTask } from "./logTasks";
import type { LoadedRun, WantedPart } from "./runIndex";

export interface PartReader {
  readPart: LogTask<{ dir: string } & WantedPart, LoadedRun>;
}

export function createPartReader(): PartReader {
  return {
    async readPart({ dir }) {
      const { events, problems } = await readJournal(layout.journal(dir));
      const run = runOf(events);
      if (!run) throw new Error(`${problems[0]?.reason ?? "No event has been recorded"} (${layout.journal(dir)})`);
      return { run, events, problems };
    },
  };
}
