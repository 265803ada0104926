/** The files at and below a folder, for a look around: bounded, links not followed, what is nobody's run left out. */
import { opendir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const mostLevels = 5;
const mostEntries = 5000;
const mostReadOfFolder = 2000;
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/**
 * Regular files, those nearer to the root first. Throws only where the signal is aborted.
 * @param isEntered whether a folder below the root, given by its path, is looked into
 */
export async function* walkFiles(
  root: string,
  signal?: AbortSignal,
  isEntered: (folder: string) => boolean = () => true,
): AsyncIterable<string> {
  let folders = [root];
  let seen = 0;
  for (let level = 0; level <= mostLevels && folders.length > 0; level += 1) {
    const below: string[] = [];
    for (const folder of folders) {
      const entries = await entriesOf(folder, Math.min(mostReadOfFolder, mostEntries - seen));
      seen += entries.length;
      for (const { name, isFolder } of entries) {
        signal?.throwIfAborted();
        const path = join(folder, name);
        if (!isFolder) yield path;
        else if (!passedOver.has(name) && !isOwnExport(path) && isEntered(path)) below.push(path);
      }
    }
    folders = below;
  }
}

/** Where our own exports lie. */
function isOwnExport(folder: string): boolean {
  return basename(folder) === "exports" && basename(dirname(folder)) === "perstack";
}

async function entriesOf(folder: string, most: number): Promise<{ name: string; isFolder: boolean }[]> {
  const found: { name: string; isFolder: boolean }[] = [];
  if (most <= 0) return found;
  try {
    for await (const entry of await opendir(folder)) {
      if (entry.isFile() || entry.isDirectory()) found.push({ name: entry.name, isFolder: entry.isDirectory() });
      if (found.length >= most) break;
    }
  } catch {
    // What cannot be read is not found.
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
