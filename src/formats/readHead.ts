/** The beginning of a file, to tell whose it is. */
import { open, stat } from "node:fs/promises";

/** More than the first lines of any log. */
const usualBytes = 64 * 1024;

/** `undefined` where there is no regular file that can be read: opening what is none may wait for ever. */
export async function readHead(file: string, bytes = usualBytes): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return undefined;
    const handle = await open(file, "r");
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
