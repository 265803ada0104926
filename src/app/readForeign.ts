/** The runs of other systems in a job folder, through the first format that knows it. */
import { dirname } from "node:path";
import type { ForeignRun, ForeignRuns } from "../formats/format";
import { formats } from "../formats/index";

/** `undefined` where no format knows it. */
export async function readForeignJob(jobDir: string): Promise<ForeignRuns | undefined> {
  for (const format of formats) {
    if (await format.accepts(jobDir)) return { ...(await format.read(jobDir)), source: format.name };
  }
  return undefined;
}

/** One run of another system, by the folder that the index shows it with. */
export async function readForeignRun(dir: string): Promise<ForeignRun | undefined> {
  return (await readForeignJob(dirname(dirname(dir))))?.runs.find((run) => run.dir === dir);
}
