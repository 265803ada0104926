/** Writing a file whole: the old content stays until the new one is on disk, so that a full disk leaves no half file. */
import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { chmod, chown, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../base/errors";
import { anchorPath, openRegular } from "./anchorPath";

/** @param path as `confinePath` gives it. Mode and owner of a file that exists are kept. */
export async function replaceFile(root: string, path: string, content: string): Promise<void> {
  await anchorPath(root, path, async (stable) => {
    const old = await openExisting(root, stable, path);
    if (!old) return await writeBeside(stable, content, undefined);
    try {
      // A file with several names would come apart.
      const isReplaceable = old.stat.nlink === 1;
      if (isReplaceable && (await tryWriteBeside(stable, content, old.stat))) return;
      await old.handle.truncate(0);
      await old.handle.writeFile(content);
    } finally {
      await old.handle.close();
    }
  });
}

/** Opened for writing, because renaming over a write-protected file would succeed. */
async function openExisting(root: string, stable: string, path: string) {
  try {
    return await openRegular(root, stable, path, constants.O_WRONLY);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** False where only the file may be written, not its folder or its owner (or Windows holds it open). */
async function tryWriteBeside(stable: string, content: string, old: Stats): Promise<boolean> {
  try {
    await writeBeside(stable, content, old);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "EACCES" || code === "EPERM" || code === "EBUSY") return false;
    throw error;
  }
}

async function writeBeside(stable: string, content: string, old: Stats | undefined): Promise<void> {
  const beside = `${dirname(stable)}/.runtrail-${randomBytes(6).toString("hex")}.tmp`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  const handle = await open(beside, flags, old ? old.mode & 0o777 : 0o666);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (old && process.platform !== "win32") {
      if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()) await chown(beside, old.uid, old.gid);
      await chmod(beside, old.mode & 0o7777);
    }
    await rename(beside, stable);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
