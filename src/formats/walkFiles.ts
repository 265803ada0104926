/** The files at and below a folder, for a look around: bounded, links not followed, what is nobody's run left out. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const mostLevels = 5;
const mostEntries = 50_000;
const passedOver: ReadonlySet<string> = new Set(["node_modules", ".git"]);

interface Entry {
  name: string;
  isFolder: boolean;
}

/** The folders that were read in one look around: every format looks at the same ones. */
export interface FolderTree {
  entries(folder: string, most: number): Promise<readonly Entry[]>;
}

export function openFolderTree(): FolderTree {
  const read = new Map<string, Promise<readonly Entry[]>>();
  return {
    entries(folder, most) {
      const known = read.get(folder) ?? entriesOf(folder);
      read.set(folder, known);
      return known.then((entries) => entries.slice(0, Math.max(0, most)));
    },
  };
}

/**
 * Regular files, those nearer to the root first. Throws only where the signal is aborted.
 * @param isEntered whether a folder below the root, given by its path, is looked into
 */
export async function* walkFiles(
  root: string,
  signal?: AbortSignal,
  isEntered: (folder: string) => boolean = () => true,
  tree: FolderTree = openFolderTree(),
): AsyncIterable<string> {
  let folders = [root];
  let seen = 0;
  for (let level = 0; level <= mostLevels && folders.length > 0; level += 1) {
    const below: string[] = [];
    for (const folder of folders) {
      const entries = await tree.entries(folder, mostEntries - seen);
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

async function entriesOf(folder: string): Promise<Entry[]> {
  // What cannot be read is not found.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .flatMap((entry) =>
      entry.isFile() || entry.isDirectory() ? [{ name: entry.name, isFolder: entry.isDirectory() }] : [],
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
