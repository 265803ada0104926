/**
 * All that a log tells about its run as a whole: what `reduceRun` makes of all of its events, the steps aside, from those
 * alone that matter for it. Goes on where it ended when the log has grown.
 */
import type { EventType } from "../model/events";
import { isUntouched } from "../model/nodeItems";
import { type Run, reduceRun, type Step } from "../model/run";
import { mostFailures, mostPreparation, trimFailures } from "../model/trimRun";
import type { EventIndex } from "../store/eventIndex";
import type { IndexedEvents } from "../store/indexedEvents";

/** What they tell stands in the run itself; failures are known beside, and of `finishStep` the last one is enough. */
const typesThatMatter: ReadonlySet<EventType> = new Set([
  ...["startRun", "resumeRun", "finishRun", "stopRun", "errorRun"],
  ...["finishGeneration", "startDelegation", "finishDelegation"],
  ...["requestInput", "receiveInput", "requestApproval", "resolveApproval"],
  ...["readyNode", "startNode", "finishNode", "failNode", "retryNode", "skipNode"],
] as EventType[]);

/** What is dropped at once, so that it is not done for each event. */
const batchEvents = 1000;

export interface RunFacts {
  /** The caller's own; all of its steps are omitted. */
  run: Run;
  /** How many events it tells of. */
  count: number;
  /** Whether older ones were dropped from its failures. */
  hasAllFailures: boolean;
}

export class RunFold {
  private run: Run | undefined;
  private at = 0;
  private lastSeq = 0;
  private lastStep = 0;
  /** Events that only looked like some. */
  private unsound = 0;
  private hasOldFailures = false;
  /** The newest event that names a checkpoint, `finishStep` aside; and up to where that has been looked at as well. */
  private checkpointAt = -1;
  private checkedTo = 0;
  /** By the steps of nodes of which none is open: whether something was done in them. */
  private readonly nodeSteps = new Map<number, boolean>();
  private going: Promise<unknown> = Promise.resolve();
  private hasBeenRead = false;

  constructor(private readonly index: EventIndex) {}

  /**
   * The run as the index has it by now; asked for several times at once, one after the other. Left in the middle, it goes
   * on from there the next time.
   */
  async read(events: IndexedEvents, pace: () => Promise<void> | undefined): Promise<RunFacts | undefined> {
    const reading = this.going.then(async () => {
      const { count, steps } = this.index;
      await this.extend(events, count, pace);
      this.hasBeenRead = true;
      return this.tell(steps);
    });
    this.going = reading.catch(() => undefined);
    return await reading;
  }

  /** Whether it told of all that the index had at some time. */
  get isRead(): boolean {
    return this.hasBeenRead;
  }

  private async extend(events: IndexedEvents, count: number, pace: () => Promise<void> | undefined): Promise<void> {
    const { index } = this;
    const oldest = oldestNote(index, this.at, count);
    for (; this.at < count; this.at += 1) {
      const { at } = this;
      const step = index.stepOf(at);
      this.lastSeq = Math.max(this.lastSeq, index.seqOf(at));
      this.lastStep = Math.max(this.lastStep, step);
      const isWanted =
        !this.run ||
        typesThatMatter.has(index.typeOf(at)) ||
        index.isFailure(at) ||
        (step === 0 && at >= oldest && index.typeOf(at) !== "finishStep");
      if (isWanted) await this.take(events, at);
      if (at % batchEvents === 0) this.drop();
      if (isWanted || at % batchEvents === 0) await pace();
    }
    await this.findCheckpoint(events, count);
    this.drop();
  }

  private tell(steps: number): RunFacts | undefined {
    if (!this.run) return undefined;
    const nodeSteps = new Map(this.nodeSteps);
    for (const step of this.run.steps) nodeSteps.set(step.step, this.isTouched(step));
    const untouched = [...nodeSteps.values()].filter((isTouched) => !isTouched).length;
    const run: Run = {
      ...structuredClone({ ...this.run, steps: [] }),
      omitted: { count: steps - untouched, upTo: this.lastStep },
      lastStep: this.lastStep,
      lastSeq: this.lastSeq,
      eventCount: this.at - this.unsound,
    };
    return { run, count: this.at, hasAllFailures: !this.hasOldFailures };
  }

  private async take(events: IndexedEvents, at: number): Promise<void> {
    const event = await events.read(at);
    if (!event) {
      this.unsound += 1;
      return;
    }
    this.run = reduceRun(this.run, event);
    if ("checkpointId" in event && event.checkpointId !== undefined && event.type !== "resumeRun")
      this.checkpointAt = at;
  }

  /** Each later one takes the place of those before. */
  private async findCheckpoint(events: IndexedEvents, count: number): Promise<void> {
    const { index } = this;
    for (let at = count - 1; at >= this.checkedTo && at > this.checkpointAt; at -= 1) {
      if (index.typeOf(at) !== "finishStep") continue;
      const event = await events.read(at);
      if (event?.type !== "finishStep" || event.checkpointId === undefined || !this.run) continue;
      this.run.checkpointId = event.checkpointId;
      this.checkpointAt = at;
    }
    this.checkedTo = count;
  }

  /** Keeps of the steps only those with an open node. */
  private drop(): void {
    const { run } = this;
    if (!run) return;
    const open: Step[] = [];
    for (const step of run.steps) {
      if (step.openNodes !== undefined) open.push(step);
      else if (step.node !== undefined) this.nodeSteps.set(step.step, this.isTouched(step));
    }
    run.steps = open;
    if (run.preparation.length > mostPreparation) run.preparation = run.preparation.slice(-mostPreparation);
    if (run.failures.length <= mostFailures) return;
    run.failures = trimFailures(run.failures);
    this.hasOldFailures = true;
  }

  private isTouched(step: Step): boolean {
    return !isUntouched(step) || this.nodeSteps.get(step.step) === true;
  }
}

/** Of what is only told because it happened before the first step, the newest is enough. */
function oldestNote(index: EventIndex, from: number, to: number): number {
  let notes = 0;
  for (let at = to - 1; at >= from; at -= 1) {
    if (index.stepOf(at) === 0) notes += 1;
    if (notes === mostPreparation) return at;
  }
  return from;
}
