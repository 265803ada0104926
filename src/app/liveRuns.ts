/** The runs of this process, each as its events tell it. */
import { isLive } from "../model/eventKinds";
import type { AnyEvent, RunEvent } from "../model/events";
import { type Run, reduceRun } from "../model/run";
import type { LoadedRun } from "./runIndex";

interface LiveRun {
  run?: Run;
  events: RunEvent[];
  /** Settles when what it did before it went on here has been read; until then there is no `run`. */
  past?: Promise<void>;
}

export interface LiveRunsPorts {
  /** The run up to now as its journal tells it, all of it looked through. */
  readPast(dir: string): Promise<LoadedRun>;
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
    return this.runs.get(dir)?.run;
  }

  begin(dir: string): void {
    if (!this.runs.has(dir)) this.runs.set(dir, { events: [] });
  }

  apply(dir: string, event: AnyEvent): void {
    const entry = this.runs.get(dir);
    if (!entry || isLive(event)) return;
    if (!entry.run && event.seq > 1) entry.past ??= this.readPast(dir, entry);
    entry.events.push(event);
    if (entry.past && !entry.run) return;
    entry.run = reduceRun(entry.run, event);
    this.ports.tell(dir);
  }

  load(dir: string): LoadedRun | undefined {
    const { run, events } = this.runs.get(dir) ?? {};
    return run && events && { run, events, problems: [] };
  }

  /** Gives back the run; `undefined` where it has not been known, or not from its beginning. */
  end(dir: string): Run | undefined {
    const run = this.runOf(dir);
    this.runs.delete(dir);
    return run;
  }

  /** Of a run that goes on in its own journal: what it did before, then what came while that was read. */
  private async readPast(dir: string, entry: LiveRun): Promise<void> {
    const past = await this.ports.readPast(dir).catch(this.ports.onError);
    // The journal may tell more by now than was heard before it was read.
    const news = entry.events.filter(({ seq }) => seq > (past?.run.lastSeq ?? 0));
    entry.events = [...(past?.events ?? []), ...news];
    let run = past?.run;
    for (const event of news) run = reduceRun(run, event);
    if (!run) return;
    entry.run = run;
    this.ports.tell(dir);
  }
}
