/** Whether there is a folder at a path; a link to one counts. */
import { stat } from "node:fs/promises";

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
