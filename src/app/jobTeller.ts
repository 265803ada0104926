/** Tells a run that goes on here in Perstack's words, live: with what the job had before it, and results in full. */
import { dirname, join } from "node:path";
import { createPerstackWriter, type RunBackground } from "../formats/perstack/createPerstackWriter";
import { inJobOrder } from "../formats/perstack/jobOrder";
import type { WrittenEvent } from "../formats/perstack/writtenEvent";
import { isLive } from "../model/eventKinds";
import type { AnyEvent } from "../model/events";
import { readCheckpoint } from "../store/checkpoints";
import { readSpilled } from "../store/readJournal";
import { readRunExpert } from "../store/readRunExpert";
import type { RunHandle } from "./app";
import { readJobRuns } from "./jobRuns";
import type { RunIndex } from "./runIndex";

export interface JobTeller {
  /** To be called with each event, one after the other. Never rejects: what cannot be read is told without. */
  tell(event: AnyEvent): Promise<WrittenEvent[]>;
}

/** @param runs knows the runs of the job that are there already */
export function createJobTeller(handle: RunHandle, runs: RunIndex): JobTeller {
  const writer = createPerstackWriter();
  const dirOf = (runId: string) => (runId === handle.runId ? handle.dir : join(dirname(handle.dir), runId));
  const background = async (event: AnyEvent): Promise<RunBackground> => {
    if (event.type !== "startRun" && event.type !== "resumeRun") return {};
    const dir = dirOf(event.runId);
    const isContinued = event.type === "startRun" && event.checkpointId !== undefined;
    const checkpoint = isContinued
      ? await readCheckpoint(dir, event.checkpointId ?? "").catch(() => undefined)
      : undefined;
    return { expert: await readRunExpert(dir, event.expertKey), ...(checkpoint && { base: checkpoint.messages }) };
  };
  const tellBefore = async (first: AnyEvent) => {
    const dirs = runs.list().flatMap(({ jobId, dir }) => (jobId === handle.jobId ? [dir] : []));
    const before = await readJobRuns(dirs);
    const isBefore = (event: AnyEvent) =>
      event.runId === first.runId ? event.seq < first.seq : event.timestamp < first.timestamp;
    const parts = before.runs.map((run) => ({ ...run, events: run.events.filter(isBefore) }));
    for (const { run, event } of inJobOrder(parts)) writer.write(event, run);
  };
  let isFirst = true;
  return {
    async tell(event) {
      if (isFirst) {
        isFirst = false;
        await tellBefore(event);
      }
      const whole = isLive(event) ? event : await readSpilled(dirOf(event.runId), event).catch(() => event);
      return writer.write(whole, await background(event));
    },
  };
}
