/** Whether the process that runs a run still lives: pid, host and start time together, for pids are used again. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { codeOf } from "../base/errors";

export interface ProcessOwner {
  pid: number;
  host: string;
  process_started?: string | undefined;
}

export async function currentOwner(): Promise<ProcessOwner> {
  const started = await startTimeOf(process.pid);
  return { pid: process.pid, host: hostname(), ...(started && { process_started: started }) };
}

/** "elsewhere": another machine or container, of which nothing can be said. */
export async function stateOf(owner: ProcessOwner): Promise<"alive" | "dead" | "elsewhere"> {
  if (owner.host !== hostname()) return "elsewhere";
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM" ? "alive" : "dead";
  }
  if (owner.process_started === undefined) return "alive";
  const started = await startTimeOf(owner.pid);
  return started === undefined || started === owner.process_started ? "alive" : "dead";
}

/** Linux tells it in clock ticks since boot; elsewhere the pid alone must do. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
    ]);
    // The process name in parentheses may hold spaces; field 22 counts from the last parenthesis.
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return ticks && `${boot.trim()}/${ticks}`;
  } catch {
    return undefined;
  }
}
