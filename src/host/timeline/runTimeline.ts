/** The timeline of one run: how many events it has, and the list of them, while the run goes on. */
import type { App } from "../../app/app";
import type { EventCount } from "../../app/readRows";
import type { RunSummary } from "../../app/runIndex";
import { messageOf } from "../../base/errors";
import { formatTime, isKnownTime } from "../../model/formatting";
import type { TimelineFilter, TimelineSubject } from "../../model/timelineMessages";
import { shortId } from "../documents/runAddress";
import type { PlaceInRun } from "../sources";
import { joinParts, statusWords } from "../views/row";
import { statusOfRun } from "../views/runRows";
import { journalRows } from "./journalRows";
import { loadedRows } from "./loadedRows";
import type { RowSource } from "./rowSource";
import { RunList } from "./runList";
import type { ShownList } from "./shownList";
import type { Timeline, TimelineListener } from "./timeline";

export interface RunTimelineParts {
  app: App;
  /** Ids of the runs that wait for an approval. */
  waitingRuns(): ReadonlySet<string>;
  /** Whether the runs of the workspace have been read: one that is not known then is gone. */
  isRead(): boolean;
}

export class RunTimeline implements Timeline {
  private readonly ended = new AbortController();
  private source: RowSource | undefined;
  private totals: EventCount | undefined;
  private shown: RunList | undefined;
  private looking: Promise<void> | undefined;
  private again = false;
  private problem: string | undefined;

  constructor(
    readonly dir: string,
    private readonly parts: RunTimelineParts,
    private readonly listener: TimelineListener,
  ) {}

  get tabTitle(): string {
    const run = this.run;
    return run ? `Timeline: ${run.expertKey} · ${shortId(run.runId)}` : "Timeline";
  }

  subject(): TimelineSubject {
    const { run, totals, problem } = this;
    const axis = totals && axisOf(totals);
    return {
      kind: "subject",
      dir: this.dir,
      title: run?.expertKey ?? "Timeline",
      description: run ? describe(run, this.parts.waitingRuns()) : "",
      ...(run && { status: run.status }),
      total: totals?.count ?? 0,
      ...(totals?.failures !== undefined && { failures: totals.failures }),
      ...(totals?.kinds && { kinds: totals.kinds }),
      ...(axis && { axis }),
      ...(run ? problem !== undefined && { problem } : { problem: this.whyNoRun() }),
    };
  }

  list(filter: TimelineFilter, onChange: () => void): ShownList {
    this.shown?.dispose();
    // Which source it is, is known when the run is.
    const source: RowSource = {
      count: async (...given) => await this.rows().count(...given),
      rows: async (at) => await this.rows().rows(at),
      filter: async (...given) => await this.rows().filter(...given),
      find: async (place) => await this.rows().find(place),
    };
    this.shown = new RunList(source, filter, onChange);
    if (this.totals) this.shown.grow(this.totals);
    return this.shown;
  }

  look(): void {
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = this.count().finally(() => {
      this.looking = undefined;
      if (!this.again || this.ended.signal.aborted) return;
      this.again = false;
      this.look();
    });
  }

  async find(place: PlaceInRun): Promise<number | undefined> {
    return await this.rows().find(place);
  }

  dispose(): void {
    this.ended.abort();
    this.shown?.dispose();
  }

  private get run(): RunSummary | undefined {
    return this.parts.app.runs.get(this.dir);
  }

  private whyNoRun(): string {
    return this.parts.isRead() ? "This run is not there any more." : "Reading the runs of this workspace…";
  }

  /** Whose run it is, is known once the runs have been read. */
  private rows(): RowSource {
    const { app } = this.parts;
    this.source ??= this.run?.source === undefined ? journalRows(app.logs, this.dir) : loadedRows(app.runs, this.dir);
    return this.source;
  }

  private async count(): Promise<void> {
    const { signal } = this.ended;
    if (!this.run || signal.aborted) {
      this.listener.onChange();
      return;
    }
    try {
      this.take(await this.rows().count(signal, (part) => this.take(part)));
      this.problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      // A run that waits for its turn has no log yet.
      this.problem = this.run?.isQueued ? "The run waits for its turn." : messageOf(error);
      this.listener.onChange();
    }
  }

  private take(totals: EventCount): void {
    if (this.ended.signal.aborted) return;
    const before = this.totals;
    this.totals = totals;
    this.problem = undefined;
    const isReplaced =
      before !== undefined && (before.isComplete ? before.generation !== totals.generation : !totals.isRegular);
    if (isReplaced) this.listener.onReplace();
    else this.shown?.grow(totals);
    this.listener.onChange();
  }
}

function axisOf({ first, last }: EventCount): TimelineSubject["axis"] {
  if (!isKnownTime(first) || !isKnownTime(last)) return undefined;
  return { from: first, to: Math.max(first, last) };
}

function describe(run: RunSummary, waiting: ReadonlySet<string>): string {
  return joinParts(statusWords(statusOfRun(run, waiting)), formatTime(run.startedAt), `run ${shortId(run.runId)}`);
}
