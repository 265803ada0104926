/** What the runs of a job have used so far, from their records. */
import { addUsage, noUsage } from "../model/addUsage";
import type { Usage } from "../model/usage";
import { layout } from "./layout";
import { listRunsOfJob } from "./runFolders";
import { readRunInfo } from "./runInfo";

/** What a delegate used is part of what its parent used. A job that is not there yet has used nothing. */
export async function jobSpending(root: string, jobId: string): Promise<{ usage: Usage; cost: number }> {
  let usage = noUsage;
  let cost = 0;
  for (const { dir } of await listRunsOfJob(layout.job(root, jobId))) {
    const info = await readRunInfo(dir);
    if (!info || info.parent_run_id !== undefined) continue;
    usage = addUsage(usage, info.usage);
    cost += info.cost ?? 0;
  }
  return { usage, cost };
}
