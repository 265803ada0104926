/** A process and all it started, as one thing that can be ended. */
import { spawn } from "node:child_process";
import { codeOf } from "../base/errors";

/** Asks the group to end, then kills what is left. Resolves when nobody of it lives (or the system will not say so). */
export async function endGroup(leader: number): Promise<void> {
  if (process.platform === "win32") return await endTree(leader);
  if (!signalGroup(leader, "SIGTERM") || (await isGone(leader, graceMs))) return;
  signalGroup(leader, "SIGKILL");
  await isGone(leader, settleMs);
}

/** False where there is no such group any more. */
function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    // EPERM: somebody is there, of another user.
    return codeOf(error) === "EPERM";
  }
}

async function isGone(leader: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (signalGroup(leader, 0)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
  return true;
}

async function endTree(leader: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const killer = spawn("taskkill", ["/pid", String(leader), "/T", "/F"], { stdio: "ignore", windowsHide: true });
    killer.once("error", () => resolve());
    killer.once("exit", () => resolve());
  });
}

const graceMs = 1_000;
/** A killed process is gone at once, but nobody may be there to reap it. */
const settleMs = 500;
const pollMs = 10;
