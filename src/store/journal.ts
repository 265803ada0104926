/** The journal of a run, `events.jsonl`: appended to in one write for what is ready at once, before anyone hears of it. */
import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf, messageOf } from "../base/errors";
import { endsRun } from "../model/eventKinds";
import type { RunEvent } from "../model/events";

/** The journal could not be written or flushed: the run must end, for unrecorded work is not done. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/**
 * When the journal is flushed to the disk, for the case that the machine, not only the process, breaks down. "event":
 * each event, before anyone hears of it · "step": at the end of each step and of the run, without holding it up.
 */
export type FlushMode = "event" | "step" | "never";

export interface Journal {
  /** All of them or none. Throws `JournalError`, from then on at each call. */
  append(...events: readonly RunEvent[]): void;
  /** Flushes to the disk and closes. Throws `JournalError` for a flush that failed and that `append` did not tell of. */
  close(): Promise<void>;
}

/**
 * Opens a journal. A write to the page cache takes microseconds, less than handing it to a thread would, so the append
 * is synchronous: order, and "on disk before heard", need no queue.
 * @param mode "create" fails where the file exists, "continue" where it does not.
 */
export async function openJournal(
  path: string,
  mode: "create" | "continue",
  flush: FlushMode = "step",
): Promise<Journal> {
  const handle = await open(path, mode === "create" ? "ax" : constants.O_WRONLY | constants.O_APPEND);
  return createJournal(handle, path, flush);
}

function createJournal(handle: FileHandle, path: string, mode: FlushMode): Journal {
  let failure: JournalError | undefined;
  let isTold = false;
  let flushing: Promise<void> | undefined;
  let isDue = false;
  const fail = (what: string, error: unknown) => {
    failure ??= new JournalError(`The journal ${path} could not be ${what}: ${messageOf(error)}`);
    return failure;
  };
  const flush = async () => {
    try {
      // What is written meanwhile takes one more, however much it is.
      while (isDue) {
        isDue = false;
        await handle.datasync();
      }
    } catch (error) {
      // What could not be flushed may be gone, and a second try would not say so.
      if (!isNoFlush(error)) fail("flushed to the disk", error);
    } finally {
      flushing = undefined;
    }
  };
  const flushSoon = () => {
    isDue = true;
    flushing ??= flush();
  };
  return {
    append(...events) {
      if (failure) {
        isTold = true;
        throw failure;
      }
      let lines = "";
      for (const event of events) lines += `${JSON.stringify(event)}\n`;
      try {
        writeWhole(handle.fd, path, lines);
        if (mode === "event") flushNow(handle.fd);
      } catch (error) {
        isTold = true;
        throw fail("written", error);
      }
      if (mode === "step" && events.some(endsStep)) flushSoon();
    },
    async close() {
      if (mode === "step" && !failure) flushSoon();
      await flushing;
      await handle.close();
      if (failure && !isTold) throw failure;
    },
  };
}

function endsStep(event: RunEvent): boolean {
  return event.type === "finishStep" || endsRun(event);
}

function flushNow(fd: number): void {
  try {
    fdatasyncSync(fd);
  } catch (error) {
    if (!isNoFlush(error)) throw error;
  }
}

/** Some file systems have nothing to flush. */
function isNoFlush(error: unknown): boolean {
  return ["EINVAL", "ENOSYS", "ENOTSUP"].includes(codeOf(error) ?? "");
}

/** Writes all of it or nothing: a disk that fills up in the middle of a line leaves no torn line behind. */
function writeWhole(fd: number, path: string, lines: string): void {
  let written = writeSync(fd, lines);
  if (written === Buffer.byteLength(lines)) return;
  const bytes = Buffer.from(lines);
  try {
    while (written < bytes.length) written += writeSync(fd, bytes, written);
  } catch (error) {
    takeBack(path, bytes.subarray(0, written));
    throw error;
  }
}

/** Only what stands at the end, and only if it is the piece: never a line of somebody else. */
function takeBack(path: string, piece: Buffer): void {
  try {
    const fd = openSync(path, "r+");
    try {
      const end = Buffer.alloc(piece.length);
      const start = fstatSync(fd).size - piece.length;
      if (start >= 0 && readSync(fd, end, 0, end.length, start) === end.length && end.equals(piece)) {
        ftruncateSync(fd, start);
      }
    } finally {
      closeSync(fd);
    }
  } catch {
    // It stays, as after a kill: whoever goes on with the journal heals it first.
  }
}
