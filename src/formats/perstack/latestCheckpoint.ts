/** The checkpoint that a job of Perstack goes on from. */
import { endsRun } from "../../model/eventKinds";
import type { ForeignRun } from "../format";
import { readPerstackCheckpoints, type StoredCheckpoint } from "./readCheckpoints";
import { readJobFolder } from "./readJobFolder";

export interface LatestCheckpoint extends StoredCheckpoint {
  /** The run of ours that it is of; absent where no event tells. */
  runId?: string;
}

/**
 * The newest of the branch one is on: what the run that was at work last has saved, or else what it came from. (Perstack
 * takes the highest step, and so leaves the branch for a longer one.) Only of runs that nobody delegated: a job goes on with
 * its coordinator. `undefined` where there is none.
 */
export async function latestCheckpoint(jobDir: string, signal?: AbortSignal): Promise<LatestCheckpoint | undefined> {
  const [{ runs }, { checkpoints }] = await Promise.all([
    readJobFolder(jobDir, signal),
    readPerstackCheckpoints(jobDir, signal),
  ]);
  const byId = new Map(checkpoints.map((each) => [each.checkpoint.id, each]));
  const coordinators = runs.filter(({ events: [start] }) => start?.type !== "startRun" || !start.parent);
  const byEnd = coordinators.toSorted((a, b) => lastAt(b) - lastAt(a));
  for (const run of byEnd) {
    const found = newestOf(run, runs, byId);
    if (found) return found;
  }
  const own = checkpoints.filter(({ checkpoint }) => !checkpoint.delegatedBy);
  return own.toSorted((a, b) => a.timestamp - b.timestamp).at(-1);
}

function newestOf(
  run: ForeignRun,
  runs: readonly ForeignRun[],
  byId: ReadonlyMap<string, StoredCheckpoint>,
): LatestCheckpoint | undefined {
  const id = run.checkpointIds.findLast((each) => byId.has(each));
  const stored = id === undefined ? undefined : byId.get(id);
  if (stored) return { ...stored, runId: run.runId };
  // Broken off before its first checkpoint: what it came from is what there is.
  const [start] = run.events;
  const origin = start?.type === "startRun" ? start.origin : undefined;
  const source = origin?.checkpointId === undefined ? undefined : byId.get(origin.checkpointId);
  if (origin && source) return { ...source, runId: origin.runId };
  const before = runs.find(({ runId }) => runId === origin?.runId);
  return before && before !== run ? newestOf(before, runs, byId) : undefined;
}

/** The end, or the last that is heard of it. */
function lastAt({ events }: ForeignRun): number {
  return (events.findLast(endsRun) ?? events.at(-1))?.timestamp ?? 0;
}
