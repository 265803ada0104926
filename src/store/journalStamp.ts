/** How the journal of a run stands on disk, without reading it. */
import { stat } from "node:fs/promises";
import { layout } from "./layout";

export interface JournalStanding {
  /** Changes whenever the journal does. */
  stamp: string;
  /** Bytes. */
  size: number;
}

/** `undefined` where there is none. */
export async function lookAtJournal(runDir: string): Promise<JournalStanding | undefined> {
  try {
    const { size, mtimeMs, ino } = await stat(layout.journal(runDir));
    return { stamp: `${ino}:${size}:${mtimeMs}`, size };
  } catch {
    return undefined;
  }
}

export async function journalStampOf(runDir: string): Promise<string | undefined> {
  return (await lookAtJournal(runDir))?.stamp;
}
