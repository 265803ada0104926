/** Processes that tests start: whether they live, and their end. */
import { readFileSync } from "node:fs";
import { waitUntil } from "./waitUntil";

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isDefunct(pid);
}

/** Dead, but with nobody who asked for its exit code yet. */
function isDefunct(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/su.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export async function waitUntilGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await waitUntil(`the end of process ${pid}`, () => !isAlive(pid));
}
