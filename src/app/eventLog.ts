/** The log of one run of ours for other programs: all of it, its end, or what comes to it, in bounded memory. */
import { type FSWatcher, type Stats, statSync, watch } from "node:fs";
import { type FileHandle, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { codeOf, messageOf } from "../base/errors";
import type { RunEvent } from "../model/events";
import { layout } from "../store/layout";
import { explainOpen, type JournalProblem, readJournal, readLine } from "../store/readJournal";
import { type FileLine, openToRead, readLines, readLinesBackward } from "../store/readLines";

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
  /** What is followed stays open: what was written into it before it was replaced is read to its end. */
  handle: FileHandle | undefined;
  /** Behind the last whole line. */
  position: number;
  /** That line, if it is not too long to be read once more: where it stands there no longer, the log was written anew. */
  last: { start: number; text: string } | undefined;
  /** Number of that line; unknown where the reading began at the end. */
  line: number | undefined;
  /** By run: what was given is not given again where the file begins anew. */
  given: Map<string, number>;
  isAgain: boolean;
}

/** The log as it was when following began. */
interface Beginning {
  size: number;
  inode: number;
}

const mostProblems = 1000;
const longestAgain = 64 * 1024;

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
    let handle: FileHandle | undefined;
    try {
      handle = await openToRead(file);
      const { size } = await handle.stat();
      for await (const lines of readLinesBackward(handle, size)) {
        for (const line of lines) {
          const read = readLine(line);
          if (typeof read === "string") this.tell({ file, reason: read });
          else if (read && events.push(read) >= Math.floor(count)) return events.reverse();
        }
      }
    } catch (error) {
      this.tell({ file, reason: explainOpen(error) });
    } finally {
      await handle?.close();
    }
    return events.reverse();
  }

  /**
   * Each event once, as soon as its line is whole. Goes on when the run ends, waits where there is no log yet, and ends,
   * without throwing, when the signal is aborted or the loop is left.
   */
  follow({ from = "end", signal }: FollowOptions = {}): AsyncIterableIterator<RunEvent> {
    // At once: what is appended right after the call is new.
    const begin = from === "end" ? this.lookNow() : undefined;
    return this.iterate(begin, typeof from === "number" ? from : 0, signal);
  }

  private async *iterate(
    begin: Beginning | undefined,
    fromSeq: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<RunEvent, undefined> {
    const cursor: Cursor = {
      ...{ handle: undefined, position: 0, last: undefined, line: 0, given: new Map(), isAgain: false },
    };
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
      if (begin) await this.skip(cursor, begin);
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
      await cursor.handle?.close();
    }
  }

  /** What is new in the log that is followed and, where another one has come into its place, all of that. */
  private async *readNew(cursor: Cursor): AsyncGenerator<RunEvent, undefined> {
    const file = await this.findFile();
    try {
      // Before the old one is read to its end: what comes to it later is not what is followed any more.
      const isOther = !cursor.handle || !(await isAt(file, cursor.handle));
      if (cursor.handle) yield* this.readOn(cursor, cursor.handle, file);
      if (!isOther) return;
      const next = await openToRead(file);
      await cursor.handle?.close();
      if (cursor.handle) beginAnew(cursor);
      cursor.handle = next;
      yield* this.readOn(cursor, next, file);
    } catch (error) {
      // One that was moved away is followed until there is another.
      if (codeOf(error) !== "ENOENT") this.tell({ file, reason: messageOf(error) });
    }
  }

  /** The whole lines behind the cursor, which moves along. */
  private async *readOn(cursor: Cursor, handle: FileHandle, file: string): AsyncGenerator<RunEvent, undefined> {
    const { last, position } = cursor;
    // The last line and what follows it come from one read: what does not follow it is not taken for it.
    let isSure = last === undefined && position <= (await handle.stat()).size;
    for await (const lines of readLines(handle, last?.start ?? position)) {
      if (!isSure) {
        const again = lines.shift();
        isSure = again?.text === last?.text && again?.end === position;
        if (!isSure) break;
      }
      for (const line of lines) {
        if (line.isTorn) return;
        pass(cursor, line);
        const read = readLine(line);
        if (typeof read === "string") this.tell(problemAt(file, cursor.line, read));
        else if (read && isNew(read, cursor)) yield read;
      }
    }
    if (isSure) return;
    beginAnew(cursor);
    yield* this.readOn(cursor, handle, file);
  }

  private lookNow(): Beginning | undefined {
    const look = (path: string) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() ? { size: stats.size, inode: stats.ino } : undefined;
    };
    try {
      return look(this.path) ?? look(layout.journal(this.path));
    } catch {
      return undefined;
    }
  }

  /** Puts the cursor behind the last line that was whole: a torn one is still to come. */
  private async skip(cursor: Cursor, { size, inode }: Beginning): Promise<void> {
    try {
      cursor.handle = await openToRead(await this.findFile());
      if ((await cursor.handle.stat()).ino !== inode) return;
      for await (const lines of readLinesBackward(cursor.handle, size)) {
        for (const line of lines) {
          if (line.isTorn) continue;
          const last = readLine(line);
          if (typeof last === "object") cursor.given.set(last.runId, last.seq);
          pass(cursor, line);
          cursor.line = undefined;
          return;
        }
      }
    } catch {
      // It is gone: all that comes is new.
    }
  }

  /** A folder is looked at each time: its log may come later. */
  private async findFile(): Promise<string> {
    const stats = await lookAt(this.path);
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

function pass(cursor: Cursor, { text, start, end }: FileLine): void {
  cursor.position = end;
  cursor.last = text !== undefined && end - start <= longestAgain ? { start, text } : undefined;
  if (cursor.line !== undefined) cursor.line += 1;
}

function beginAnew(cursor: Cursor): void {
  Object.assign(cursor, { position: 0, last: undefined, line: 0, isAgain: true });
}

async function isAt(file: string, handle: FileHandle): Promise<boolean> {
  const [there, open] = await Promise.all([lookAt(file), handle.stat()]);
  return there?.ino === open.ino && there.dev === open.dev;
}

async function lookAt(path: string): Promise<Stats | undefined> {
  return await stat(path).catch(() => undefined);
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
