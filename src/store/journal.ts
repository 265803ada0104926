/** The journal of a run, `events.jsonl`: appended to in one write per event, before anyone hears of it. */
import { ftruncateSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { messageOf } from "../base/errors";
import type { RunEvent } from "../model/events";

/** The journal could not be written: the run must end, for unrecorded work is not done. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

export interface Journal {
  /** Throws `JournalError`; the file then ends where it ended before, and stays closed to further appends. */
  append(event: RunEvent): void;
  /** Flushes to the disk and closes. */
  close(): Promise<void>;
}

/**
 * Opens a journal. A write to the page cache takes microseconds, less than handing it to a thread would, so the append
 * is synchronous: order, and "on disk before heard", need no queue.
 * @param mode "create" fails where the file exists, "continue" where it does not.
 */
export async function openJournal(path: string, mode: "create" | "continue"): Promise<Journal> {
  const handle = await open(path, mode === "create" ? "ax" : "a");
  const { size } = await handle.stat();
  return createJournal(handle, path, size);
}

function createJournal(handle: FileHandle, path: string, size: number): Journal {
  let length = size;
  let failure: JournalError | undefined;
  return {
    append(event) {
      if (failure) throw failure;
      const line = `${JSON.stringify(event)}\n`;
      try {
        length += writeWhole(handle.fd, line, length);
      } catch (error) {
        failure = new JournalError(`The journal ${path} could not be written: ${messageOf(error)}`);
        throw failure;
      }
    },
    async close() {
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
    },
  };
}

/** Writes all of it or nothing: a disk that fills up in the middle of a line leaves no torn line behind. */
function writeWhole(fd: number, line: string, offset: number): number {
  const total = Buffer.byteLength(line);
  let written = 0;
  try {
    written = writeSync(fd, line);
    if (written < total) {
      const bytes = Buffer.from(line);
      while (written < total) written += writeSync(fd, bytes, written);
    }
  } catch (error) {
    if (written > 0) ftruncateSync(fd, offset);
    throw error;
  }
  return total;
}
