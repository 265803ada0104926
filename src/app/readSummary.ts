/** Reads what a run of ours tells of itself as a whole, however long its log is; of a long one without its steps. */
import type { Run } from "../model/run";
import { layout } from "../store/layout";
import type { LogTask, TaskContext } from "./logTasks";
import type { OpenLogs } from "./openLogs";
import { type PartSizes, partSizes, readShort, withIndex, withLog } from "./readPart";

export interface SummaryReader {
  readSummary: LogTask<{ dir: string }, Run>;
}

export function createSummaryReader(logs: OpenLogs, sizes: PartSizes = partSizes): SummaryReader {
  return {
    readSummary: async ({ dir }, context) => await readSummary(logs, dir, context, sizes),
  };
}

/** Throws where no event has been recorded. */
export async function readSummary(
  logs: OpenLogs,
  dir: string,
  context: Pick<TaskContext, "mayWrite" | "signal">,
  sizes: PartSizes = partSizes,
): Promise<Run> {
  const file = layout.journal(dir);
  const isShort = await withLog(file, async (_, size) => size <= sizes.longFrom);
  if (isShort) return (await readShort(file)).run;
  return await withIndex(logs, file, context, async (_, { run }) => run);
}
