/** `run-info.yaml`, the canonical record of a run: Conductor Loop's keys in its order, then ours. Replaced atomically. */
import { readFile } from "node:fs/promises";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { Usage } from "../model/usage";
import { layout } from "./layout";
import { replaceFile } from "./replaceFile";

export const RunInfo = z.object({
  version: z.literal(1),
  run_id: z.string(),
  parent_run_id: z.string().optional(),
  project_id: z.string(),
  /** The job's id. */
  task_id: z.string(),
  agent: z.string(),
  process_ownership: z.literal("managed"),
  pid: z.number().int(),
  /** RFC 3339, UTC. */
  start_time: z.string(),
  end_time: z.string().optional(),
  /** -1 while it runs; then 0 finished, 1 failed, 3 stopped, 130 cancelled. */
  exit_code: z.number().int(),
  status: z.enum(["running", "completed", "failed"]),
  cwd: z.string(),
  error_summary: z.string().optional(),
  agent_version: z.string(),
  expert_key: z.string(),
  query: z.string(),
  provider: z.string().optional(),
  model: z.string().optional(),
  stop_reason: z.string().optional(),
  steps: z.number().int().optional(),
  usage: Usage.optional(),
  /** USD; absent where it is not known. */
  cost: z.number().optional(),
  /** With `pid` and `process_started` it tells whether the process that runs it still lives. */
  host: z.string(),
  process_started: z.string().optional(),
});
export type RunInfo = z.infer<typeof RunInfo>;

export async function writeRunInfo(runDir: string, info: RunInfo, suffix: string): Promise<void> {
  await replaceFile(layout.runInfo(runDir), stringify(info, { lineWidth: 0 }), { suffix, durable: true });
}

/** `undefined` where there is none or it is not ours to understand. */
export async function readRunInfo(runDir: string): Promise<RunInfo | undefined> {
  try {
    const parsed = RunInfo.safeParse(parse(await readFile(layout.runInfo(runDir), "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
