/** A disk of a few kilobytes, for what happens when it is full: a memory file system of its own, where that may be mounted. */
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const isLinuxRoot = process.platform === "linux" && process.getuid?.() === 0;

/** Root in a container often may not. */
export function canMount(): boolean {
  if (!isLinuxRoot) return false;
  const probe = mkdtempSync(join(tmpdir(), "runtrail-mount-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", probe], { stdio: "ignore" });
    execFileSync("umount", ["-l", probe]);
    return true;
  } catch {
    return false;
  }
}

export async function onSmallDisk(kilobytes: number, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "runtrail-full-")));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder]);
  try {
    await work(folder);
  } finally {
    execFileSync("umount", ["-l", folder]);
  }
}
