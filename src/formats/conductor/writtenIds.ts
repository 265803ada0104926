/** Ids as Conductor Loop accepts them, for jobs and runs that have others. The same job and run get the same ones. */
import { createHash } from "node:crypto";

export interface WrittenJob {
  projectId: string;
  taskId: string;
  /** Whether those say the job's id. */
  isOwn: boolean;
}

const ownJob = /^(?<project>[a-z0-9](?:[a-z0-9-]{0,126}[a-z0-9])?)\/(?<task>[A-Za-z0-9_](?:[\w.-]{0,126}\w)?)$/u;
const ownRun = /^(?:\d{8}-\d{6,10}-\d+(?:-\w+)*|run_\d{8}-\d{6}-\d+)$/u;

/** @param timestamp of its beginning, Unix ms */
export function writtenJob(jobId: string, timestamp: number, expertKey: string): WrittenJob {
  const { project, task } = ownJob.exec(jobId)?.groups ?? {};
  if (project !== undefined && task !== undefined) return { projectId: project, taskId: task, isOwn: true };
  const { date, time } = stampOf(timestamp);
  const name = expertKey
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, "-")
    .replace(/^-+|-+$/gu, "")
    .slice(0, 40);
  const taskId = `task-${date}-${time}-${[name, digest(jobId).slice(0, 6)].filter(Boolean).join("-")}`;
  return { projectId: "runtrail", taskId, isOwn: false };
}

/** @param count which run of its job it is, counted from 1 */
export function writtenRunId(runId: string, timestamp: number, count: number): string {
  if (ownRun.test(runId) && runId.length <= 200) return runId;
  const { date, time } = stampOf(timestamp);
  return `${date}-${time}0000-${numberOf(runId)}-${count}`;
}

/** @param seq of the event that it tells of */
export function writtenMessageId(runId: string, timestamp: number, seq: number): string {
  const { date, time } = stampOf(timestamp);
  const fraction = String((timestamp % 1000) * 1_000_000 + (seq % 1_000_000)).padStart(9, "0");
  return `MSG-${date}-${time}-${fraction}-PID${numberOf(runId)}-${String(seq % 10_000).padStart(4, "0")}`;
}

export function writtenTime(timestamp: number): string {
  return new Date(timestamp).toISOString();
}

/** UTC. */
function stampOf(timestamp: number): { date: string; time: string } {
  const digits = writtenTime(timestamp)
    .replace(/\.\d+Z$/u, "")
    .replace(/[^\dT]/gu, "");
  const [date = "", time = ""] = digits.split("T");
  return { date, time };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Five digits. */
function numberOf(text: string): string {
  return String(10_000 + (Number.parseInt(digest(text).slice(0, 8), 16) % 90_000));
}
