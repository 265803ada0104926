/** A run while it is watched, in bounded memory: all about it as a whole, its newest events, and the steps of those. */
import type { RunEvent } from "./events";
import { type Run, reduceRun } from "./run";
import { mostPreparation, trimRun } from "./trimRun";
import { reachBack, type WindowLimits, windowLimits } from "./windowEdges";

/** Which part of a long run is there. */
export interface RunPart {
  firstStep: number;
  lastStep: number;
  /** Of its first and last event, those before the first step aside. */
  firstSeq: number;
  lastSeq: number;
  /** Whether there are steps, or events of its first step, before it. */
  hasEarlier: boolean;
  hasLater: boolean;
  /** Whether there are events of its first step before it. */
  isFirstCut?: boolean;
  /** Whether there are events of its last step after it. */
  isLastCut?: boolean;
  /**
   * Whether what is told of the run as a whole (usage, failures, …) comes from all of its log. Until that has been looked
   * through, it comes from the log's beginning and this part; the index then says that the run changed.
   */
  isWhole: boolean;
}

export interface WindowOfRun {
  run: Run;
  /** Those of the part, after the ones before the first step. */
  events: readonly RunEvent[];
  /** Absent: everything is there. */
  part?: RunPart | undefined;
}

/** What is kept may be that much larger than the limits: so nothing is moved with each event. */
const slack = 2;

export class RunWindow {
  private current: Run | undefined;
  /** Before the first step. */
  private readonly head: RunEvent[] = [];
  private kept: RunEvent[] = [];
  private sizes: number[] = [];
  private bytes = 0;
  private steps = 0;
  private hasEarlier = false;
  private isFirstCut = false;
  private all: readonly RunEvent[] | undefined;

  /** @param before the end of what happened already; its run is taken over, and changes with each event */
  constructor(
    before?: WindowOfRun,
    private readonly limits: WindowLimits = windowLimits,
  ) {
    if (!before) return;
    this.current = before.run;
    this.hasEarlier = before.part?.hasEarlier ?? false;
    this.isFirstCut = before.part?.isFirstCut ?? false;
    for (const event of before.events) this.keep(event);
    this.trim();
  }

  apply(event: RunEvent): Run {
    const run = reduceRun(this.current, event);
    this.current = run;
    this.keep(event);
    const { steps, events, bytes } = this.limits;
    if (
      this.kept.length > slack * events ||
      this.bytes > slack * bytes ||
      this.steps > slack * steps ||
      run.preparation.length > slack * mostPreparation
    )
      this.trim();
    return run;
  }

  /** Changes with the next event; `undefined` before the first one. */
  get run(): Run | undefined {
    return this.current;
  }

  get events(): readonly RunEvent[] {
    this.all ??= [...this.head, ...this.kept];
    return this.all;
  }

  get part(): RunPart | undefined {
    const [first, last] = [this.kept[0], this.kept.at(-1)];
    if (!this.hasEarlier || !first || !last) return undefined;
    const place = { firstStep: first.step, lastStep: last.step, firstSeq: first.seq, lastSeq: last.seq };
    return { ...place, hasEarlier: true, hasLater: false, isFirstCut: this.isFirstCut, isWhole: true };
  }

  private keep(event: RunEvent): void {
    this.all = undefined;
    if (event.step === 0 && this.kept.length === 0) {
      if (this.head.length < mostPreparation) this.head.push(event);
      return;
    }
    if (this.kept.at(-1)?.step !== event.step) this.steps += 1;
    const size = sizeOfEvent(event);
    this.kept.push(event);
    this.sizes.push(size);
    this.bytes += size;
  }

  private trim(): void {
    const { kept, sizes } = this;
    const columns = { stepOf: (at: number) => kept[at]?.step ?? 0, bytesOf: (at: number) => sizes[at] ?? 0 };
    const from = reachBack(kept.length, columns, this.limits);
    if (from > 0) {
      this.kept = kept.slice(from);
      this.sizes = sizes.slice(from);
      this.hasEarlier = true;
      this.isFirstCut = kept[from - 1]?.step === kept[from]?.step;
      this.all = undefined;
      this.bytes = this.sizes.reduce((sum, size) => sum + size, 0);
      this.steps = this.kept.filter((event, at) => event.step !== this.kept[at - 1]?.step).length;
    }
    if (this.current) trimRun(this.current, this.kept);
  }
}

/** About as long as its line. */
export function sizeOfEvent(event: RunEvent): number {
  return sizeOf(event);
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let size = 2;
  if (Array.isArray(value)) for (const each of value) size += 1 + sizeOf(each);
  else for (const [key, each] of Object.entries(value)) size += key.length + 4 + sizeOf(each);
  return size;
}
