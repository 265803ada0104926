/** The record of a run that goes on, as its owner writes it at the start. */
import type { ProcessOwner } from "../../src/store/processOwner";
import type { RunInfo } from "../../src/store/runInfo";

export function runningInfo(root: string, owner: ProcessOwner): RunInfo {
  return {
    version: 1,
    ...{ run_id: "r", project_id: "p", task_id: "j", agent: "runtrail", process_ownership: "managed", cwd: root },
    ...{ start_time: new Date(0).toISOString(), exit_code: -1, status: "running", agent_version: "0" },
    ...{ expert_key: "solo", query: "q", ...owner },
  };
}
