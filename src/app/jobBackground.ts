/** What stands behind the events of a job that goes on: what a run began with and is defined by, and what came before. */
import { dirname } from "node:path";
import type { RunToWrite } from "../formats/format";
import { inJobOrder } from "../formats/perstack/jobOrder";
import type { AnyEvent, RunEvent } from "../model/events";
import { readBeginning } from "../store/checkpoints";
import { readRunExpert } from "../store/readRunExpert";
import { listRunsOfJob } from "../store/runFolders";
import { readJobRuns } from "./jobRuns";

export type RunBackground = Omit<RunToWrite, "events">;

/** With `startRun` and `resumeRun`; what cannot be read is left out. */
export async function backgroundOf(runDir: string, event: AnyEvent): Promise<RunBackground> {
  if (event.type !== "startRun" && event.type !== "resumeRun") return {};
  const checkpoint = await readBeginning(runDir, event).catch(() => undefined);
  return {
    expert: await readRunExpert(runDir, event.expertKey),
    ...(checkpoint && { base: checkpoint.messages }),
  };
}

/** What the job's journals tell of the time before an event, in its order. */
export async function eventsBefore(
  runDir: string,
  first: AnyEvent,
): Promise<{ event: RunEvent; run: RunBackground }[]> {
  const places = await listRunsOfJob(dirname(dirname(runDir)));
  const { runs } = await readJobRuns(places.map(({ dir }) => dir));
  const isBefore = (event: AnyEvent) =>
    event.runId === first.runId ? event.seq < first.seq : event.timestamp < first.timestamp;
  return [...inJobOrder(runs.map((run) => ({ ...run, events: run.events.filter(isBefore) })))];
}
