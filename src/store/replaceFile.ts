/** Replaces a file as a whole: a reader sees the old or the new content, never half of it. */
import { open, rename, rm } from "node:fs/promises";

/**
 * Writes beside the file, then renames. `durable` flushes to the disk first, so that the file survives a power cut.
 * @throws the system's error; the old file then still stands and nothing is left behind.
 */
export async function replaceFile(
  path: string,
  content: string | readonly Uint8Array[],
  { suffix, durable }: { suffix: string; durable: boolean },
): Promise<void> {
  const temporary = `${path}.${suffix}.tmp`;
  try {
    const handle = await open(temporary, "wx");
    try {
      for (const piece of typeof content === "string" ? [content] : content) await handle.writeFile(piece);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
