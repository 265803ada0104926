/** Whether somebody is at work on a run. */
import { stateOf } from "./processOwner";
import { readRunInfo } from "./runInfo";

/** Whether the process that writes the run still lives; a run from another machine counts as alive while it is open. */
export async function isAlive(runDir: string): Promise<boolean> {
  const info = await readRunInfo(runDir);
  return info?.status === "running" && (await stateOf(info)) !== "dead";
}
