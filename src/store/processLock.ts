/** A lock file that names its owner: made as a whole or not at all, and taken over when the owner has died. */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import * as z from "zod";
import { codeOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { currentOwner, stateOf } from "./processOwner";

const Owner = z.object({ pid: z.number(), host: z.string(), process_started: z.string().optional() });

/** Does the work while holding the lock; `undefined` where someone alive holds it. */
export async function withProcessLock<T>(
  path: string,
  newId: () => string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const lock = await acquireProcessLock(path, newId);
  if (!lock) return undefined;
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** `undefined` where someone alive holds it. */
export async function acquireProcessLock(
  path: string,
  newId: () => string,
): Promise<{ release(): Promise<void> } | undefined> {
  const isOurs = (await acquire(path, newId)) || ((await removeStale(path, newId)) && (await acquire(path, newId)));
  return isOurs ? { release: () => rm(path, { force: true }) } : undefined;
}

/** Content first, name last: whoever sees the lock can read whose it is. */
async function acquire(path: string, newId: () => string): Promise<boolean> {
  const temporary = `${path}.${newId()}.tmp`;
  try {
    await writeFile(temporary, JSON.stringify(await currentOwner()), { flag: "wx" });
    await link(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function removeStale(path: string, newId: () => string): Promise<boolean> {
  const content = await readFile(path, "utf8").catch(() => undefined);
  if (content === undefined) return true;
  const owner = Owner.safeParse(parseJson(content));
  if (owner.success && (await stateOf(owner.data)) !== "dead") return false;
  // Moved aside, not removed: another one may have taken the lock over since it was read.
  const aside = `${path}.${newId()}.old`;
  try {
    await rename(path, aside);
    if ((await readFile(aside, "utf8")) === content) return true;
    await rename(aside, path);
    return false;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
}
