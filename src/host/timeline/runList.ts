/** The list that a run's timeline shows: all events, or those that a filter lets through, growing with the run. */
import type { EventCount } from "../../app/readRows";
import { queryOfFilter } from "../../app/rowFilter";
import type { Disposable } from "../../base/disposable";
import { messageOf } from "../../base/errors";
import type { EventRow } from "../../model/eventRow";
import { isFiltering } from "../../model/timelineFilter";
import type { TimelineFilter } from "../../model/timelineMessages";
import { firstAtOrAfter } from "./positions";
import type { RowSource } from "./rowSource";
import type { ShownList } from "./shownList";

export class RunList implements ShownList, Disposable {
  /** Positions that the filter lets through; absent: all. */
  private readonly found: number[] | undefined;
  /** How far the filter has looked. */
  private looked = 0;
  private readonly failures: number[] = [];
  private failuresLooked = 0;
  private total = 0;
  private readonly ended = new AbortController();
  private search: AbortController | undefined;
  private again = false;
  private isStopped = false;
  problem: string | undefined;

  /** @param onChange the list has grown, or what is found is complete */
  constructor(
    private readonly source: RowSource,
    private readonly filter: TimelineFilter,
    private readonly onChange: () => void,
  ) {
    this.found = isFiltering(filter) ? [] : undefined;
    this.problem = queryOfFilter(filter, Date.now()).problem;
  }

  get count(): number {
    return this.found?.length ?? this.total;
  }

  get isBusy(): boolean {
    return this.search !== undefined;
  }

  readonly hasMore = false;

  /** The run has so many events by now. */
  grow({ count, isComplete }: EventCount): void {
    const before = this.total;
    this.total = count;
    if (!this.found) {
      if (count !== before) this.onChange();
    } else if (isComplete) void this.look();
  }

  async rows(from: number, to: number): Promise<EventRow[]> {
    if (this.found) return await this.source.rows(this.found.slice(from, to));
    const end = Math.min(to, this.total);
    return await this.source.rows(Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index));
  }

  indexOf(at: number): number | undefined {
    if (!this.found) return at < this.total ? at : undefined;
    const index = firstAtOrAfter(this.found, at);
    if (index < this.found.length) return index;
    // It is still to be found, or the last one is the nearest.
    return this.isBusy || index === 0 ? undefined : index - 1;
  }

  async findFailure(from: number, direction: 1 | -1): Promise<{ index: number; isWrapped: boolean } | undefined> {
    await this.lookForFailures();
    const isFailure = (at: number) => this.failures[firstAtOrAfter(this.failures, at)] === at;
    const among = this.found ? this.found.flatMap((at, index) => (isFailure(at) ? [index] : [])) : this.failures;
    if (among.length === 0) return undefined;
    const next = direction === 1 ? firstAtOrAfter(among, from + 1) : firstAtOrAfter(among, from) - 1;
    const index = among[next];
    if (index !== undefined) return { index, isWrapped: false };
    return { index: (direction === 1 ? among[0] : among.at(-1)) ?? 0, isWrapped: true };
  }

  more(): void {}

  stop(): void {
    this.isStopped = true;
    this.search?.abort();
  }

  dispose(): void {
    this.ended.abort();
    this.search?.abort();
  }

  private async look(): Promise<void> {
    if (this.isStopped || this.ended.signal.aborted) return;
    if (this.search) {
      this.again = true;
      return;
    }
    const controller = new AbortController();
    this.search = controller;
    this.onChange();
    try {
      do {
        this.again = false;
        this.looked = await this.source.filter(this.filter, this.looked, controller.signal, (positions) => {
          for (const at of positions) this.found?.push(at);
          this.onChange();
        });
      } while (this.again && !controller.signal.aborted);
    } catch (error) {
      if (!controller.signal.aborted) this.problem = messageOf(error);
    }
    this.search = undefined;
    if (!this.ended.signal.aborted) this.onChange();
  }

  private async lookForFailures(): Promise<void> {
    const filter = { text: "", kinds: [], isFailuresOnly: true };
    this.failuresLooked = await this.source.filter(filter, this.failuresLooked, this.ended.signal, (positions) => {
      for (const at of positions) if (at > (this.failures.at(-1) ?? -1)) this.failures.push(at);
    });
  }
}
