/** A hash of all that lies at and below a path: two that are the same mean that nothing was written there. */
import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Names, kinds, times of change, and what is in the files. */
export async function treeState(root: string): Promise<string> {
  // Without their kinds, names are followed round a circle of links.
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const hash = createHash("sha256");
  for (const path of [root, ...entries.map(({ parentPath, name }) => join(parentPath, name))].sort()) {
    const stats = await lstat(path);
    hash.update(`${path}|${stats.mode}|${stats.size}|${stats.mtimeMs}|`);
    if (stats.isFile() && stats.size < largest) hash.update(await readFile(path));
  }
  return hash.digest("hex");
}

/** Of a larger one, size and time say enough. */
const largest = 64 * 1024 * 1024;
