/** `run-info.yaml` of a run of ours, in the keys and the order of Conductor Loop's own record. */
import { join } from "node:path";
import { stringify } from "yaml";
import type { EventOf } from "../../model/events";
import { outputFile, promptFile, stderrFile, stdoutFile } from "./agentFiles";
import { classOf, killed, splitMessage } from "./runEnding";
import { writtenTime } from "./writtenIds";

/** As it stands in the file. */
export interface WrittenInfo {
  version: 1;
  run_id: string;
  parent_run_id?: string;
  previous_run_id?: string;
  project_id: string;
  task_id: string;
  agent: string;
  process_ownership: "external";
  pid: number;
  pgid: number;
  start_time: string;
  end_time: string;
  exit_code?: number;
  status: "running" | "completed" | "failed";
  cwd?: string;
  prompt_path: string;
  output_path: string;
  stdout_path: string;
  stderr_path: string;
  error_summary?: string;
  agent_version: string;
}

export interface InfoPlace {
  runId: string;
  projectId: string;
  taskId: string;
  parentRunId: string | undefined;
  previousRunId: string | undefined;
  pid: number;
  dir: string;
}

const noTime = "0001-01-01T00:00:00Z";

/** Of a run that goes on. Nobody but us may stop its process, which is the editor or the terminal. */
export function infoOf(start: EventOf<"startRun">, place: InfoPlace): WrittenInfo {
  const { runId, projectId, taskId, parentRunId, previousRunId, pid, dir } = place;
  return {
    ...{ version: 1, run_id: runId },
    ...(parentRunId !== undefined && { parent_run_id: parentRunId }),
    ...(previousRunId !== undefined && { previous_run_id: previousRunId }),
    ...{
      project_id: projectId,
      task_id: taskId,
      agent: start.expertKey,
      process_ownership: "external",
      pid,
      pgid: pid,
    },
    ...{ start_time: writtenTime(start.timestamp), end_time: noTime, exit_code: -1, status: "running" },
    ...(start.workspace !== undefined && { cwd: start.workspace }),
    ...{ prompt_path: join(dir, promptFile), output_path: join(dir, outputFile) },
    ...{ stdout_path: join(dir, stdoutFile), stderr_path: join(dir, stderrFile) },
    agent_version: start.runtimeVersion ?? "",
  };
}

const summaryLimit = 2000;

/** With what Conductor Loop's own record has no place for: it goes along with the message about the end. */
export function endInfo(
  info: WrittenInfo,
  event: EventOf<"finishRun" | "stopRun" | "errorRun">,
): { info: WrittenInfo; meta?: Record<string, string> } {
  // Where nobody knows how long it took, nobody knows when it ended.
  const end_time = event.durationMs === undefined ? noTime : writtenTime(event.timestamp);
  const ended = { ...info, pid: 0, pgid: 0, end_time };
  if (event.type === "finishRun") return { info: { ...ended, exit_code: 0, status: "completed" } };
  if (event.type === "stopRun") {
    const { reason, message = `stopped: ${reason}` } = event;
    const [exit_code, error_summary] = reason === "cancelled" ? [-1, killed] : [1, message.slice(0, summaryLimit)];
    return { info: { ...ended, exit_code, status: "failed", error_summary }, meta: { stop_reason: reason } };
  }
  const { error } = event;
  const isTheirs = error.name === "AgentError";
  const { summary, code } = isTheirs ? splitMessage(error.message) : { summary: error.message, code: 1 };
  const { exit_code: _, ...rest } = ended;
  const error_summary = summary.slice(0, summaryLimit);
  const failed: WrittenInfo = {
    ...rest,
    ...(code !== undefined && { exit_code: code }),
    status: "failed",
    error_summary,
  };
  if (!isTheirs) return { info: failed, meta: { error_class: error.class, error_name: error.name } };
  const isPlain = classOf(error_summary, code, undefined) === error.class;
  return { info: failed, ...(!isPlain && { meta: { error_class: error.class } }) };
}

const order = [
  ...(["version", "run_id", "parent_run_id", "previous_run_id", "project_id", "task_id", "agent"] as const),
  ...(["process_ownership", "pid", "pgid", "start_time", "end_time", "exit_code", "status", "cwd"] as const),
  ...(["prompt_path", "output_path", "stdout_path", "stderr_path", "error_summary", "agent_version"] as const),
] satisfies (keyof WrittenInfo)[];

export function formatRunInfo(info: WrittenInfo): string {
  const known = order.flatMap((key) => (info[key] === undefined ? [] : [[key, info[key]] as const]));
  return stringify(Object.fromEntries(known), { lineWidth: 0 });
}
