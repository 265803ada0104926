/** Where the files of a run lie: `{workspace}/perstack/jobs/{jobId}/runs/{runId}/`, and which ids may name a folder. */
import { join } from "node:path";
import { UserError } from "../base/errors";

export const layout = {
  jobs: (root: string) => join(root, "perstack", "jobs"),
  job: (root: string, jobId: string) => join(root, "perstack", "jobs", jobId),
  run: (root: string, jobId: string, runId: string) => join(root, "perstack", "jobs", jobId, "runs", runId),
  jobRecord: (jobDir: string) => join(jobDir, "job.json"),
  runSetting: (runDir: string) => join(runDir, "run-setting.json"),
  runInfo: (runDir: string) => join(runDir, "run-info.yaml"),
  journal: (runDir: string) => join(runDir, "events.jsonl"),
  spill: (runDir: string) => join(runDir, "spill"),
  checkpoint: (runDir: string, timestamp: number, step: number, id: string) =>
    join(runDir, `checkpoint-${timestamp}-${step}-${id}.json`),
} as const;

/** One folder name that is the same on every file system: no separator, no leading or trailing dot or space. */
const idPattern = /^[\p{L}\p{N}_](?:[\p{L}\p{N}._ -]{0,126}[\p{L}\p{N}_-])?$/u;

/** Throws `UserError` for an id from outside that cannot be a folder's name (such as `../../x`). */
export function checkId(kind: "job" | "run" | "checkpoint", id: string): string {
  if (idPattern.test(id)) return id;
  throw new UserError(
    `“${id.slice(0, 80)}” cannot be a ${kind} id: use letters, digits, “.”, “_” and “-” (at most 128), without a folder in it.`,
  );
}
