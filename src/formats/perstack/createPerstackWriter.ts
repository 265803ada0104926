/**
 * Our events of a job as Perstack's, in its order and shapes: pure, one by one as they come, live or read back. The same
 * events give the same. What it keeps is the conversations, which Perstack's events repeat, and where each run stands.
 */
import type { AnyEvent } from "../../model/events";
import { type RunBackground, RunTeller } from "./runTeller";
import type { WrittenEvent } from "./writtenEvent";

export type { RunBackground };

export interface PerstackWriter {
  /**
   * @param event of the job's runs, in the order in which they happened; a delegate's after the call to it
   * @param background of the run, with `startRun` and `resumeRun`
   * @returns what Perstack would tell of it by now; a checkpoint in it is one that Perstack stores
   */
  write(event: AnyEvent, background?: RunBackground): WrittenEvent[];
}

export function createPerstackWriter(): PerstackWriter {
  const runs = new Map<string, RunTeller>();
  const told: WrittenEvent[] = [];
  const put = (event: WrittenEvent) => told.push(event);
  return {
    write(event, background = {}) {
      const run = runs.get(event.runId);
      if (run) run.take(event, background);
      // What comes before a run's start is of a journal whose beginning is lost: there is nothing to tell it of.
      else if (event.type === "startRun") {
        runs.set(event.runId, new RunTeller(event, background, (runId) => runs.get(runId), put));
      }
      return told.splice(0);
    },
  };
}
