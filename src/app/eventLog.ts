/** The log of one run of ours for other programs: all of it, its end, or what comes to it, in bounded memory. */
import { type FSWatcher, statSync, watch } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { parseEvent, type RunEvent } from "../model/events";
import { layout } from "../store/layout";
import { type JournalProblem, readJournal } from "../store/readJournal";
import { LineSplitter } from "./lineSplitter";
import { readLinesBackward } from "./readLinesBackward";

export type EventLogProblem = JournalProblem;

export interface EventLogOptions {
  /** Hears of what cannot be read, each once. */
  onProblem?: (problem: EventLogProblem) => void;
  /** How often `follow` looks by itself: not every file system tells of changes. In ms; default 1000. */
  pollMs?: number;
}

export interface FollowOptions {
  /** "end": what is not there yet (default) · "start": all · a `seq`: that event and those after it. */
  from?: number | "start" | "end";
  /** Ends it. */
  signal?: AbortSignal;
}

/** How far a follower has read. */
interface Cursor {
  /** Behind the last whole line. */
  position: number;
  /** Of that line; unknown where the reading began at the end. */
  line: number | undefined;
  inode: number | undefined;
  /** By run: what was given is not given again where the file begins anew. */
  given: Map<string, number>;
  isAgain: boolean;
}

const mostProblems = 1000;
const chunkBytes = 64 * 1024;

/** What is in the log never makes it throw. */
export class EventLog {
  /** What could not be read so far: each once, at most 1000. */
  readonly problems: readonly EventLogProblem[];
  private readonly told: EventLogProblem[] = [];
  private readonly keys = new Set<string>();

  private constructor(
    /** As it was given: the log, or the folder of its run. */
    readonly path: string,
    private readonly options: EventLogOptions,
  ) {
    this.problems = this.told;
  }

  /** Nothing is read yet: the log need not be there. */
  static open(path: string, options: EventLogOptions = {}): EventLog {
    return new EventLog(path, options);
  }

  /** Oldest first. A last line without its end is a problem. */
  async readAll(): Promise<RunEvent[]> {
    const { events, problems } = await readJournal(await this.findFile());
    for (const problem of problems) this.tell(problem);
    return events;
  }

  /** The last `count` events, oldest first; reads no more of the log than they take. */
  async tail(count: number): Promise<RunEvent[]> {
    const events: RunEvent[] = [];
    if (!(count >= 1)) return events;
    const file = await this.findFile();
    try {
      for await (const { text, isTorn } of readLinesBackward(file)) {
        if (isTorn || text === undefined) {
          this.tell({ file, reason: isTorn ? "The last record is torn." : "A line is too long to be read." });
          continue;
        }
        const event = this.parse(text, file, undefined);
        if (event && events.push(event) >= Math.floor(count)) break;
      }
    } catch (error) {
      this.tell({ file, reason: codeOf(error) === "ENOENT" ? "There is no journal here." : messageOf(error) });
    }
    return events.reverse();
  }

  /**
   * Each event once, as soon as its line is whole. Goes on when the run ends, waits where there is no log yet, and ends,
   * without throwing, when the signal is aborted or the loop is left.
   */
  follow({ from = "end", signal }: FollowOptions = {}): AsyncIterableIterator<RunEvent> {
    const begin = from === "end" ? this.cursorAt(this.endNow()) : Promise.resolve(cursorAtStart());
    return this.iterate(begin, typeof from === "number" ? from : 0, signal);
  }

  private async *iterate(
    begin: Promise<Cursor>,
    fromSeq: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<RunEvent, undefined> {
    const cursor = await begin;
    let isDirty = false;
    let wake: (() => void) | undefined;
    const stir = () => {
      isDirty = true;
      wake?.();
    };
    const timer = setInterval(stir, this.options.pollMs ?? 1000);
    signal?.addEventListener("abort", stir);
    let watcher: FSWatcher | undefined;
    try {
      while (!signal?.aborted) {
        // Before it looks: what changes from here on is not overlooked.
        isDirty = false;
        watcher ??= watchFolder(dirname(await this.findFile()), stir, () => {
          watcher = undefined;
        });
        for await (const event of this.readNew(cursor)) {
          if (signal?.aborted) return;
          if (event.seq >= fromSeq) yield event;
        }
        while (!isDirty && !signal?.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", stir);
      watcher?.close();
    }
  }

  /** The whole lines behind the cursor, which moves along. */
  private async *readNew(cursor: Cursor): AsyncGenerator<RunEvent, undefined> {
    const file = await this.findFile();
    let handle: FileHandle;
    try {
      handle = await open(file, "r");
    } catch (error) {
      if (codeOf(error) !== "ENOENT") this.tell({ file, reason: messageOf(error) });
      return;
    }
    try {
      await meetFile(cursor, handle);
      const splitter = new LineSplitter();
      const buffer = Buffer.allocUnsafe(chunkBytes);
      let at = cursor.position;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, chunkBytes, at);
        if (bytesRead === 0) return;
        at += bytesRead;
        for (const { text, bytes } of splitter.push(buffer.subarray(0, bytesRead))) {
          cursor.position += bytes;
          if (cursor.line !== undefined) cursor.line += 1;
          if (text === undefined) this.tell(problemAt(file, cursor.line, "A line is too long to be read."));
          const event = text === undefined ? undefined : this.parse(text, file, cursor.line);
          if (event && isNew(event, cursor)) yield event;
        }
      }
    } catch (error) {
      this.tell({ file, reason: messageOf(error) });
    } finally {
      await handle.close();
    }
  }

  /** At once: what is appended right after the call is new. */
  private endNow(): number {
    const sizeOf = (path: string) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() ? stats.size : undefined;
    };
    try {
      return sizeOf(this.path) ?? sizeOf(layout.journal(this.path)) ?? 0;
    } catch {
      return 0;
    }
  }

  /** Behind the last line that is whole up to there: a torn one is still to come. */
  private async cursorAt(size: number): Promise<Cursor> {
    const cursor = cursorAtStart();
    if (size === 0) return cursor;
    try {
      const file = await this.findFile();
      const { ino } = await stat(file);
      for await (const { text = "", end, isTorn } of readLinesBackward(file, size)) {
        if (isTorn) continue;
        const last = parseEvent(parseJson(text));
        if ("event" in last) cursor.given.set(last.event.runId, last.event.seq);
        return { ...cursor, position: end, line: undefined, inode: ino };
      }
    } catch {
      // It is gone: all that comes is new.
    }
    return cursor;
  }

  private parse(text: string, file: string, line: number | undefined): RunEvent | undefined {
    if (text === "") return undefined;
    const parsed = parseEvent(parseJson(text));
    if ("event" in parsed) return parsed.event;
    this.tell(problemAt(file, line, parsed.problem));
    return undefined;
  }

  /** A folder is looked at each time: its log may come later. */
  private async findFile(): Promise<string> {
    const stats = await stat(this.path).catch(() => undefined);
    const isFolder = stats ? stats.isDirectory() : extname(this.path) !== ".jsonl";
    return isFolder ? layout.journal(this.path) : this.path;
  }

  private tell(problem: EventLogProblem): void {
    const key = JSON.stringify([problem.line, problem.reason]);
    if (this.told.length >= mostProblems || this.keys.has(key)) return;
    this.keys.add(key);
    this.told.push(problem);
    this.options.onProblem?.(problem);
  }
}

function cursorAtStart(): Cursor {
  return { position: 0, line: 0, inode: undefined, given: new Map(), isAgain: false };
}

/** A log that was cut off before the cursor, or is another one now, is read from its beginning. */
async function meetFile(cursor: Cursor, handle: FileHandle): Promise<void> {
  const { size, ino } = await handle.stat();
  const isOther = cursor.inode !== undefined && cursor.inode !== ino;
  cursor.inode = ino;
  if (!isOther && size >= cursor.position && (await isAfterLine(cursor, handle))) return;
  Object.assign(cursor, { position: 0, line: 0, isAgain: true });
}

async function isAfterLine({ position }: Cursor, handle: FileHandle): Promise<boolean> {
  if (position === 0) return true;
  const before = Buffer.alloc(1);
  await handle.read(before, 0, 1, position - 1);
  return before.toString() === "\n";
}

function isNew({ runId, seq }: RunEvent, { given, isAgain }: Cursor): boolean {
  const last = given.get(runId) ?? 0;
  if (isAgain && seq <= last) return false;
  given.set(runId, Math.max(last, seq));
  return true;
}

function problemAt(file: string, line: number | undefined, reason: string): EventLogProblem {
  return { file, ...(line !== undefined && { line }), reason };
}

/** Not the log itself: it may be replaced, or come later. Without it there is the poll. */
function watchFolder(folder: string, onChange: () => void, onEnd: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onChange);
    watcher.on("error", () => {
      watcher.close();
      onEnd();
    });
    return watcher;
  } catch {
    return undefined;
  }
}
