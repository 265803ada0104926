/** The conversation that a checkpoint of a run holds, for who wants to read it or go on from it. */
import type { CheckpointContent } from "./app";
import { readRecordedRun } from "./goOnWith";
import { checkpointOf } from "./startingPoint";

/** Throws `UserError` where there is no such run or checkpoint. */
export async function readCheckpointOf(dir: string, checkpointId?: string): Promise<CheckpointContent> {
  const { checkpointId: id, messages, jobStep } = await checkpointOf(dir, await readRecordedRun(dir), checkpointId);
  return { ...(id !== undefined && { id }), step: jobStep, messages };
}
