/** How the journal of a run stands on disk, without reading it. */
import type { Stats } from "node:fs";
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
    return standingOf(await stat(layout.journal(runDir)));
  } catch {
    return undefined;
  }
}

export function standingOf({ size, mtimeMs, ino }: Stats): JournalStanding {
  return { stamp: `${ino}:${size}:${mtimeMs}`, size };
}

export async function journalStampOf(runDir: string): Promise<string | undefined> {
  return (await lookAtJournal(runDir))?.stamp;
}
