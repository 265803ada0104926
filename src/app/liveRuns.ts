/** The runs of this process, each as its events tell it: all about it as a whole, and its newest steps. */
import { isLive } from "../model/eventKinds";
import type { AnyEvent, RunEvent } from "../model/events";
import type { Run } from "../model/run";
import { RunWindow } from "../model/runWindow";
import { windowLimits } from "../model/windowEdges";
import type { LoadedRun, WantedPart } from "./runIndex";

interface LiveRun {
  window?: RunWindow;
  /** What came while its past is read. */
  early: RunEvent[];
  isReadingPast: boolean;
}

export interface LiveRunsPorts {
  /** The end of the run as its journal tells it, with all about it as a whole. */
  readPast(dir: string): Promise<LoadedRun>;
  /** Another part of its journal. */
  readPart(dir: string, wanted: WantedPart): Promise<LoadedRun>;
  /** There is more to tell of the run. */
  tell(dir: string): void;
  onError(error: unknown): void;
}

export class LiveRuns {
  private readonly runs = new Map<string, LiveRun>();

  constructor(private readonly ports: LiveRunsPorts) {}

  has(dir: string): boolean {
    return this.runs.has(dir);
  }

  /** As far as it is known; `undefined` before its first event, and while its past is read. */
  runOf(dir: string): Run | undefined {
    return this.runs.get(dir)?.window?.run;
  }

  begin(dir: string): void {
    if (!this.runs.has(dir)) this.runs.set(dir, { early: [], isReadingPast: false });
  }

  apply(dir: string, event: AnyEvent): void {
    const entry = this.runs.get(dir);
    if (!entry || isLive(event)) return;
    if (!entry.window && event.seq > 1 && !entry.isReadingPast) {
      entry.isReadingPast = true;
      void this.readPast(dir, entry);
    }
    if (entry.isReadingPast) {
      entry.early.push(event);
      return;
    }
    entry.window ??= new RunWindow();
    entry.window.apply(event);
    this.ports.tell(dir);
  }

  /** `undefined` where nothing is known of it here. */
  async load(dir: string, wanted: WantedPart = {}): Promise<LoadedRun | undefined> {
    const { window } = this.runs.get(dir) ?? {};
    if (!window?.run) return undefined;
    if (holds(window, wanted)) {
      const { run, events, part } = window;
      return { run, events, ...(part && { part }), problems: [] };
    }
    const loaded = await this.ports.readPart(dir, wanted);
    const { steps: _, omitted: __, ...whole } = window.run;
    const { steps, omitted } = loaded.run;
    return {
      ...loaded,
      run: { ...whole, steps, ...(omitted && { omitted }) },
      ...(loaded.part && { part: { ...loaded.part, isWhole: true } }),
    };
  }

  /** Gives back the run; `undefined` where it is not known from its beginning. */
  end(dir: string): Run | undefined {
    const run = this.runOf(dir);
    this.runs.delete(dir);
    return run;
  }

  /** Of a run that goes on in its own journal: what it did before, then what came while that was read. */
  private async readPast(dir: string, entry: LiveRun): Promise<void> {
    const past = await this.ports.readPast(dir).catch(this.ports.onError);
    const window = new RunWindow(past ?? undefined);
    // The journal may tell more by now than was heard before it was read.
    for (const event of entry.early) if (event.seq > (past?.run.lastSeq ?? 0)) window.apply(event);
    entry.window = window;
    entry.early = [];
    entry.isReadingPast = false;
    this.ports.tell(dir);
  }
}

/** Whether what is kept of a run has what is wanted: it is its end. */
function holds({ part }: RunWindow, { step, seq, edge, steps = windowLimits.steps }: WantedPart): boolean {
  if (!part) return true;
  if (edge !== undefined || steps > windowLimits.steps) return false;
  return (step === undefined || step > part.firstStep) && (seq === undefined || seq >= part.firstSeq);
}
