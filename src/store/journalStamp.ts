/** How the journal of a run stands on disk, without reading it. */
import { stat } from "node:fs/promises";
import { layout } from "./layout";

/** Changes whenever the journal does; `undefined` where there is none. */
export async function journalStampOf(runDir: string): Promise<string | undefined> {
  try {
    const { size, mtimeMs, ino } = await stat(layout.journal(runDir));
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return undefined;
  }
}
