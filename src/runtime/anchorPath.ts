/** Opening what a checked path names, so that a link swapped in between the check and the use is noticed. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isInWorkspace } from "./confinePath";
import { quotePath } from "./explainFileError";
import { WorkspaceError } from "./ports";

/**
 * Calls `use` with another name for `path` that stays the same place, whatever becomes of the folders above it: its
 * folder is held open and named through `/proc/self/fd`. Where there is no such thing (macOS, Windows) the name is
 * `path` itself, and only `openRegular` looks again after the fact.
 * @param path as `confinePath` gives it, and not the root.
 */
export async function anchorPath<T>(root: string, path: string, use: (stable: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  return await anchorFolder(root, folder, (stable) => use(stable === folder ? path : `${stable}/${basename(path)}`));
}

/** The same for a folder itself. */
export async function anchorFolder<T>(root: string, folder: string, use: (stable: string) => Promise<T>): Promise<T> {
  if (process.platform !== "linux") return await use(folder);
  const handle = await open(folder, openPath | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const stable = `/proc/self/fd/${handle.fd}`;
    const real = await readlink(stable).catch(() => undefined);
    if (real === undefined) return await use(folder);
    if (!isInWorkspace(root, real)) throw moved(folder);
    return await use(stable);
  } finally {
    await handle.close();
  }
}

/** Opens a regular file and nothing else: a link is not followed, a pipe or device is not opened. */
export async function openRegular(
  root: string,
  stable: string,
  path: string,
  flags: number,
): Promise<{ handle: FileHandle; stat: Stats }> {
  checkRegular(await lstat(stable), path);
  const handle = await open(stable, flags | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await handle.stat();
    checkRegular(stat, path);
    if (stable === path && !(await isStillThere(root, path, stat))) throw moved(path);
    return { handle, stat };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Not by comparing names: on macOS and Windows one name has many spellings. */
async function isStillThere(root: string, path: string, opened: Stats): Promise<boolean> {
  const real = await realpath(path);
  return isInWorkspace(root, real) && (await lstat(real)).ino === opened.ino;
}

function checkRegular(stat: Stats, path: string): void {
  if (stat.isFile()) return;
  if (stat.isDirectory()) throw new WorkspaceError(`${quotePath(path)} is a folder, not a file.`);
  if (stat.isSymbolicLink()) throw moved(path);
  throw new WorkspaceError(`${quotePath(path)} is not a regular file but a pipe, socket or device.`);
}

function moved(path: string): WorkspaceError {
  return new WorkspaceError(`${quotePath(path)} was replaced by something else while it was opened. Try again.`);
}

/** Linux's O_PATH, which Node has no name for: a handle on a folder that one may pass through, not only read. */
const openPath = 0o10000000;
