/** A hash of all that lies at and below a path: two that are the same mean that nothing was written there. */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Names, kinds, times of change, and what is in the files. */
export async function treeState(root: string): Promise<string> {
  const names = await readdir(root, { recursive: true }).catch(() => []);
  const hash = createHash("sha256");
  for (const name of ["", ...names].sort()) {
    const path = join(root, name);
    const stats = await lstat(path);
    hash.update(`${name}|${stats.mode}|${stats.size}|${stats.mtimeMs}|`);
    if (stats.isFile() && stats.size < largest) hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

/** Of a larger one, size and time say enough. */
const largest = 64 * 1024 * 1024;
