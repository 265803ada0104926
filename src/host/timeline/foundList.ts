/** What is found in all runs, the newest run first, so many events at a time. */

import type { LogReader } from "../../app/logReader";
import { isShown, queryOfFilter } from "../../app/rowFilter";
import type { RunSummary } from "../../app/runIndex";
import type { SearchCursor, SearchedLog, SearchHit } from "../../app/searchLogs";
import { messageOf } from "../../base/errors";
import type { EventQuery } from "../../model/eventQuery";
import { type EventRow, eventRowOf, type RowRun } from "../../model/eventRow";
import { isFiltering } from "../../model/timelineFilter";
import type { TimelineFilter } from "../../model/timelineMessages";
import type { ShownList } from "./shownList";

const hitsAtOnce = 1000;

export interface FoundListParts {
  logs: LogReader;
  /** Newest first. */
  runs: readonly RunSummary[];
  filter: TimelineFilter;
  now: number;
  onChange(): void;
}

export class FoundList implements ShownList {
  private readonly found: EventRow[] = [];
  private readonly logs: SearchedLog[];
  private readonly runs: ReadonlyMap<string, RowRun>;
  private readonly query: EventQuery;
  private next: SearchCursor | undefined;
  private search: AbortController | undefined;
  problem: string | undefined;

  constructor(private readonly parts: FoundListParts) {
    this.logs = parts.runs.map(searchedLogOf);
    this.runs = new Map(parts.runs.map((run) => [run.dir, rowRunOf(run)]));
    const { query, problem } = queryOfFilter(parts.filter, parts.now);
    this.query = query;
    this.problem = problem;
    if (isFiltering(parts.filter)) void this.look();
  }

  get count(): number {
    return this.found.length;
  }

  get isBusy(): boolean {
    return this.search !== undefined;
  }

  get hasMore(): boolean {
    return this.next !== undefined;
  }

  async rows(from: number, to: number): Promise<EventRow[]> {
    return this.found.slice(from, to);
  }

  indexOf(): undefined {
    return undefined;
  }

  async findFailure(from: number, direction: 1 | -1): Promise<{ index: number; isWrapped: boolean } | undefined> {
    const failures = this.found.flatMap(({ grade }, index) => (grade ? [index] : []));
    const index = direction === 1 ? failures.find((each) => each > from) : failures.findLast((each) => each < from);
    if (index !== undefined) return { index, isWrapped: false };
    const around = direction === 1 ? failures[0] : failures.at(-1);
    return around === undefined ? undefined : { index: around, isWrapped: true };
  }

  more(): void {
    if (this.next && !this.search) void this.look();
  }

  stop(): void {
    this.search?.abort();
  }

  dispose(): void {
    this.search?.abort();
  }

  private async look(): Promise<void> {
    const controller = new AbortController();
    this.search = controller;
    const { logs, query, next: from } = this;
    const { signal } = controller;
    this.parts.onChange();
    try {
      const result = await this.parts.logs.do(
        "searchLogs",
        { logs, query, limit: hitsAtOnce, ...(from && { from }) },
        { signal, onPart: ({ hits }) => this.take(hits) },
      );
      this.next = result.next;
      this.problem ??= result.problems[0]?.reason;
    } catch (error) {
      if (!signal.aborted) this.problem = messageOf(error);
    }
    this.search = undefined;
    this.parts.onChange();
  }

  private take(hits: readonly SearchHit[]): void {
    for (const { dir, event } of hits) {
      const run = this.runs.get(dir);
      if (run && isShown(event, this.parts.filter)) this.found.push({ ...eventRowOf(event, this.found.length), run });
    }
    if (hits.length > 0) this.parts.onChange();
  }
}

function searchedLogOf({ dir, source, runId }: RunSummary): SearchedLog {
  return source === undefined ? { dir } : { dir, source, runId };
}

function rowRunOf({ dir, expertKey, runId, startedAt }: RunSummary): RowRun {
  return { dir, expertKey, runId, startedAt };
}
