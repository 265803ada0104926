/** The runs that the Runs view has opened: each read once, the part of a long one that is shown, and where in it things are. */
import type { LoadedRun, RunSummary, WantedPart } from "../../app/runIndex";
import type { Disposable } from "../../base/disposable";
import type { Step, StepItem } from "../../model/run";
import { stepAt } from "../../model/stepAt";
import { type Direction, pageSize } from "./listWindow";

/** More may be shown at a time; a moment later those that were not looked at last are let go. */
const keptRuns = 8;
/** Steps at first: of a run that is long, so that its rows are there at once, and of one that goes on, as they are drawn again and again. */
const firstSize = 100;
const settleTime = 1000;
const keptWishes = 100;
/** Of a part that has grown to so many steps, what was shown first is let go for what is shown next. */
const mostSteps = 10 * pageSize;

/** A run that was read, with what its rows ask for again and again. It lives until the run changes. */
export class ShownRun {
  private readonly steps = new Map<number, Step>();
  private readonly items = new Map<number, Map<number, StepItem>>();
  private calls: Calls | undefined;

  /** How many of its steps are shown, and of the items of a step: of a run that goes on, more may be at hand. */
  readonly size: number;

  /** @param size as was asked for */
  constructor(
    readonly loaded: LoadedRun,
    size?: number,
  ) {
    const isAtEnd = !loaded.part?.hasLater;
    this.size = size ?? (isAtEnd && (loaded.part || loaded.run.status === "running") ? firstSize : pageSize);
  }

  /** Those that have rows, of a long run; `undefined` where it is there as a whole. */
  get stepsOfPart(): readonly Step[] | undefined {
    const { run, part } = this.loaded;
    if (!part) return undefined;
    return part.hasLater || run.steps.length <= this.size ? run.steps : run.steps.slice(-this.size);
  }

  step(number: number): Step | undefined {
    const { run } = this.loaded;
    if (this.steps.size !== run.steps.length) for (const step of run.steps) this.steps.set(step.step, step);
    return this.steps.get(number) ?? stepAt(run, number);
  }

  item(number: number, seq: number): StepItem | undefined {
    const step = this.step(number);
    if (!step) return undefined;
    let items = this.items.get(number);
    if (items?.size !== step.items.length) {
      items = new Map(step.items.map((item) => [item.seq, item]));
      this.items.set(number, items);
    }
    return items.get(seq) ?? step.items.find((item) => item.seq === seq);
  }

  /** The call that the delegate does: the newest, where it was gone on with in a later one. */
  callOf(child: Pick<RunSummary, "runId" | "parentToolCallId">): { step: number; seq: number } | undefined {
    this.calls ??= callsOf(this.loaded.run.steps);
    const byCall = child.parentToolCallId === undefined ? undefined : this.calls.byCall.get(child.parentToolCallId);
    const found = [this.calls.byRun.get(child.runId), byCall].filter((call) => call !== undefined);
    return found.sort((a, b) => b.order - a.order)[0];
  }
}

interface Call {
  step: number;
  seq: number;
  order: number;
}
interface Calls {
  byRun: Map<string, Call>;
  /** Those that do not say which run they began. */
  byCall: Map<string, Call>;
}

function callsOf(steps: readonly Step[]): Calls {
  const calls: Calls = { byRun: new Map(), byCall: new Map() };
  let order = 0;
  for (const { step, items } of steps) {
    for (const item of items) {
      if (item.kind !== "toolCall") continue;
      order += 1;
      const call = { step, seq: item.seq, order };
      if (item.childRunId === undefined) calls.byCall.set(item.toolCallId, call);
      else calls.byRun.set(item.childRunId, call);
    }
  }
  return calls;
}

/** Whether events of the part's first step are not in it: where no step is before it, what is before it is of this one. */
export function isFirstCut({ run, part }: LoadedRun): boolean {
  if (!part?.hasEarlier) return false;
  return part.isFirstCut ?? (run.omitted?.upTo ?? 0) === 0;
}

export class ShownRuns implements Disposable {
  private readonly runs = new Map<string, Promise<ShownRun | undefined>>();
  private readonly wishes = new Map<string, WantedPart>();
  private timer: NodeJS.Timeout | undefined;

  /** @param read gives nothing where the run cannot be read. */
  constructor(private readonly read: (dir: string, wanted: WantedPart) => Promise<LoadedRun | undefined>) {}

  /** The part that is shown: its end, unless something else was asked for. */
  get(dir: string): Promise<ShownRun | undefined> {
    const known = this.runs.get(dir);
    // The ones looked at last stay.
    this.runs.delete(dir);
    const run = known ?? this.open(dir, this.wishes.get(dir) ?? {});
    this.runs.set(dir, run);
    if (this.runs.size > keptRuns) this.timer ??= setTimeout(() => this.settle(), settleTime);
    return run;
  }

  /** They changed. */
  forget(dirs: Iterable<string>): void {
    for (const dir of dirs) this.runs.delete(dir);
  }

  /** Shows the part that the place is in, where it is not the one that is shown; whether that changed something. */
  async include(dir: string, place: { step: number; seq?: number | undefined }): Promise<boolean> {
    const { step, seq } = place;
    const shown = await this.get(dir);
    const { part } = shown?.loaded ?? {};
    if (!shown || !part || step === 0) return false;
    const isCut = (isFirstCut(shown.loaded) && step === part.firstStep) || (part.isLastCut && step === part.lastStep);
    if (shown.stepsOfPart?.some((each) => each.step === step) && (!isCut || seq === undefined || shown.item(step, seq)))
      return false;
    this.want(dir, { step, ...(seq !== undefined && { seq }) });
    return true;
  }

  /** A page of steps more than there are in the part. */
  async grow(dir: string, direction: Direction): Promise<void> {
    const shown = await this.get(dir);
    const { part } = shown?.loaded ?? {};
    if (!shown || !part) return;
    const { firstStep, lastStep, firstSeq, lastSeq } = part;
    // Where they are large, fewer may be there than were asked for.
    const steps = (this.wishes.get(dir)?.steps ?? shown.size) + pageSize;
    if (steps > mostSteps) {
      const edge = direction === "after" ? { step: lastStep, seq: lastSeq } : { step: firstStep, seq: firstSeq };
      this.want(dir, { ...edge, edge: direction === "after" ? "first" : "last" });
    } else if (direction === "after") this.want(dir, { step: firstStep, seq: firstSeq, edge: "first", steps });
    else if (part.hasLater) this.want(dir, { step: lastStep, seq: lastSeq, edge: "last", steps });
    // At its end it goes on to follow the run.
    else this.want(dir, { steps });
  }

  /** Back to the end. */
  reset(dir: string): void {
    this.want(dir, {});
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private async open(dir: string, wanted: WantedPart): Promise<ShownRun | undefined> {
    const isAsked = Object.keys(wanted).length > 0;
    const loaded = await this.read(dir, isAsked ? wanted : { steps: firstSize });
    return loaded && new ShownRun(loaded, wanted.steps);
  }

  private want(dir: string, wanted: WantedPart): void {
    this.runs.delete(dir);
    this.wishes.delete(dir);
    if (Object.keys(wanted).length > 0) this.wishes.set(dir, wanted);
    for (const oldest of this.wishes.keys()) if (this.wishes.size > keptWishes) this.wishes.delete(oldest);
  }

  private settle(): void {
    this.timer = undefined;
    for (const oldest of this.runs.keys()) if (this.runs.size > keptRuns) this.runs.delete(oldest);
  }
}
