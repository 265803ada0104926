/** Deletes a job's or a run's folder for good, so that no reader ever sees half of it. */
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../base/errors";
import { layout } from "./layout";
import { listJobFolders } from "./runFolders";

const suffix = ".pruned";

/**
 * First out of sight, under a name that every listing passes over, then bit by bit. Of a link only the link goes. One that
 * is not there is gone already; throws where it cannot be removed.
 */
export async function removeFolder(dir: string, newId: () => string): Promise<void> {
  const aside = join(dirname(dir), `.${basename(dir).slice(0, 40)}.${newId()}${suffix}`);
  try {
    await rename(dir, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  await remove(aside);
}

/** What a crash left out of sight, but on the disk. What cannot be removed now may be the next time. */
export async function removeLeftovers(root: string): Promise<void> {
  const jobDirs = await listJobFolders(root);
  for (const folder of [layout.jobs(root), ...jobDirs.map((jobDir) => join(jobDir, "runs"))]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (name.startsWith(".") && name.endsWith(suffix)) await remove(join(folder, name)).catch(() => undefined);
    }
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
}
