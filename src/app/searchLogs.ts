/** Searches logs: ours on the disk, in pieces; those of other systems as their formats read them. */
import { stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { codeOf, messageOf } from "../base/errors";
import { type EventQuery, eventMatcher } from "../model/eventQuery";
import type { RunEvent } from "../model/events";
import { layout } from "../store/layout";
import { createLogSearch, type LogSearch as FileSearch } from "../store/searchLog";
import type { LogTask, TaskContext } from "./logTasks";
import type { ForeignRunReader } from "./readForeignRun";
import type { RunProblem } from "./runIndex";

/** A log to search: of a run of ours, or of another system. */
export interface SearchedLog {
  /** The run as the index knows it. */
  dir: string;
  /** The log itself, where it does not lie in the run's folder under its usual name. */
  file?: string | undefined;
  /** The system, where it is not ours: the name of its format, as in `RunSummary.source`. */
  source?: string | undefined;
  /** Where the file or folder that is read has several runs. */
  runId?: string | undefined;
}

/** Where a search went on to: given back to it, it goes on from there. */
export interface SearchCursor {
  /** Which of the logs, counted from 0. */
  log: number;
  /** In ours bytes, in others events; behind it when oldest come first, before it when newest do. */
  at: number;
}

export interface SearchArgs {
  /** In the order in which they are searched: the newest run first. */
  logs: readonly SearchedLog[];
  query: EventQuery;
  /** Within each log; default "newestFirst". */
  order?: "newestFirst" | "oldestFirst" | undefined;
  /** At most so many hits; then the result has a cursor. */
  limit?: number | undefined;
  from?: SearchCursor | undefined;
  /** Hits are counted and not sent. */
  isCounting?: boolean | undefined;
}

export interface SearchHit {
  dir: string;
  seq: number;
  /** Of the line, in bytes; in logs of other systems the event's place, counted from 0. */
  offset: number;
  event: RunEvent;
}

export interface SearchProgress {
  /** Logs that have been searched. */
  logs: number;
  ofLogs: number;
  /** Bytes that have been searched. */
  bytes: number;
  /** All of them. */
  ofBytes: number;
}

export interface SearchPart {
  /** May be empty: then only the progress is told. */
  hits: SearchHit[];
  progress: SearchProgress;
}

export interface SearchResult {
  /** How many there were. */
  hits: number;
  /** Where to go on; absent: everything was searched. */
  next?: SearchCursor;
  progress: SearchProgress;
  problems: RunProblem[];
}

export interface LogSearcher {
  searchLogs: LogTask<SearchArgs, SearchResult, SearchPart>;
}

/** So often what was found is sent, and so many hits at once. */
const sendEveryMs = 50;
const hitsAtOnce = 100;
/** Events of another system's run between two looks at what else there is to do. */
const eventsAtOnce = 500;
const mostProblems = 200;

export type OpenForeign = (signal: AbortSignal) => ForeignRunReader;

/** @param openForeign where runs of other systems come from */
export function createLogSearcher(openForeign: OpenForeign): LogSearcher {
  return { searchLogs: async (args, context) => await new LogSearch(args, context, openForeign).perform() };
}

class LogSearch {
  private readonly progress: SearchProgress;
  private readonly problems: RunProblem[] = [];
  private hits: SearchHit[] = [];
  private count = 0;
  private sentAt = Number.NEGATIVE_INFINITY;
  private readonly foreign: ForeignRunReader;
  private readonly search: FileSearch;

  constructor(
    private readonly args: SearchArgs,
    private readonly context: TaskContext<SearchPart>,
    openForeign: OpenForeign,
  ) {
    this.progress = { logs: 0, ofLogs: args.logs.length, bytes: 0, ofBytes: 0 };
    this.foreign = openForeign(context.signal);
    this.search = createLogSearch(args.query);
  }

  async perform(): Promise<SearchResult> {
    const { logs, from } = this.args;
    const measured = this.measure();
    let next: SearchCursor | undefined;
    for (const [index, log] of logs.entries()) {
      this.context.signal.throwIfAborted();
      if (index >= (from?.log ?? 0)) {
        const start = index === from?.log ? from.at : undefined;
        const at = await (log.source === undefined ? this.searchOurs(log, start) : this.searchForeign(log, start));
        if (at !== undefined) {
          next = { log: index, at };
          break;
        }
      }
      this.progress.logs += 1;
    }
    await measured;
    this.context.signal.throwIfAborted();
    this.send();
    const { count: hits, progress, problems } = this;
    return { hits, ...(next && { next }), progress, problems };
  }

  /** Gives back where it ended, where that was not the log's end. */
  private async searchOurs(
    { dir, file = layout.journal(dir) }: SearchedLog,
    from?: number,
  ): Promise<number | undefined> {
    const { order = "newestFirst" } = this.args;
    const searchedBefore = this.progress.bytes;
    try {
      const onLongLine = () => this.tell({ file, reason: "A line is too long to be read." });
      const { signal } = this.context;
      const limit = this.left;
      for await (const piece of this.search(file, { order, from, limit, signal, onLongLine })) {
        for (const { offset, event } of piece.hits) this.take({ dir, seq: event.seq, offset, event });
        this.progress.bytes = searchedBefore + (order === "newestFirst" ? piece.size - piece.at : piece.at);
        this.sendInTime();
        if (this.left === 0) return piece.at;
      }
    } catch (error) {
      this.context.signal.throwIfAborted();
      this.tell({ file, reason: codeOf(error) === "ENOENT" ? "There is no journal here." : messageOf(error) });
    }
    return undefined;
  }

  private async searchForeign(log: SearchedLog, from?: number): Promise<number | undefined> {
    const { query, order = "newestFirst" } = this.args;
    const isBackward = order === "newestFirst";
    const matches = eventMatcher(query);
    const events = await this.foreign.read(log);
    if (!events) this.tell({ file: log.dir, reason: "The run is no longer there." });
    const count = events?.length ?? 0;
    const step = isBackward ? -1 : 1;
    for (let at = from ?? (isBackward ? count : 0); isBackward ? at > 0 : at < count; at += step) {
      const offset = isBackward ? at - 1 : at;
      const event = events?.[offset];
      if (event && matches(event)) this.take({ dir: log.dir, seq: event.seq, offset, event });
      if (this.left === 0) return at + step;
      if (offset % eventsAtOnce === 0) {
        this.sendInTime();
        await setImmediate();
        this.context.signal.throwIfAborted();
      }
    }
    return undefined;
  }

  private get left(): number {
    return Math.max(0, (this.args.limit ?? Number.POSITIVE_INFINITY) - this.count);
  }

  /** Meanwhile it is searched: what there is in all is known a little later. */
  private async measure(): Promise<void> {
    for (const { dir, file, source } of this.args.logs) {
      if (source !== undefined) continue;
      if (this.context.signal.aborted) return;
      const stats = await stat(file ?? layout.journal(dir)).catch(() => undefined);
      this.progress.ofBytes += stats?.size ?? 0;
    }
  }

  private take(hit: SearchHit): void {
    this.count += 1;
    if (this.args.isCounting) return;
    this.hits.push(hit);
    if (this.hits.length >= hitsAtOnce) this.send();
  }

  private sendInTime(): void {
    if (performance.now() - this.sentAt >= sendEveryMs) this.send();
  }

  private send(): void {
    const { hits } = this;
    this.hits = [];
    this.sentAt = performance.now();
    this.context.emit({ hits, progress: { ...this.progress } });
  }

  private tell(problem: RunProblem): void {
    if (this.problems.length < mostProblems) this.problems.push(problem);
  }
}
