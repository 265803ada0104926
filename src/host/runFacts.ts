/** What the editor tells of all runs together, kept up run by run: nothing looks through ten thousand because one changed. */
import type { RunIndex, RunSummary } from "../app/runIndex";
import { Emitter } from "../base/bus";
import { type Disposable, DisposableStore } from "../base/disposable";
import { isAsking, leftBy, placeOf } from "./openQuestions";
import { jobKeyOf } from "./views/runTree";

export interface RunChange {
  /** Folders of runs, and paths of other places, as the index names them. */
  dirs: ReadonlySet<string>;
  /** Whether something came, went, or is to be shown at another place. */
  isMoved: boolean;
  /** Whether that, or a run stands otherwise: it began to work, ended, failed, asks. A step more is neither. */
  isStanding: boolean;
}

export class RunFacts implements Disposable {
  private readonly own = new DisposableStore();
  private readonly changed: Emitter<RunChange>;
  /** As they were when the index last told of them. */
  private readonly known = new Map<string, RunSummary>();
  private readonly dirsOfJob = new Map<string, Set<string>>();
  private readonly asking = new Set<string>();
  /** How many runs went on from the run at a place. */
  private readonly left = new Map<string, number>();
  private failures = 0;

  constructor(
    private readonly runs: Pick<RunIndex, "list" | "get" | "onDidChange">,
    onError: (error: unknown) => void,
  ) {
    this.changed = this.own.add(new Emitter<RunChange>(onError));
    for (const run of runs.list()) this.add(run);
    this.own.add(runs.onDidChange((dirs) => this.follow(dirs)));
  }

  /** After the facts are up to date. */
  get onDidChange(): Emitter<RunChange>["event"] {
    return this.changed.event;
  }

  get count(): number {
    return this.known.size;
  }

  get hasFailures(): boolean {
    return this.failures > 0;
  }

  /** The runs that wait for a person's answers, newest first. */
  questions(): RunSummary[] {
    const open = [...this.asking].flatMap((dir) => this.known.get(dir) ?? []).filter((run) => !this.isLeft(run));
    return open.sort((a, b) => b.startedAt - a.startedAt || b.runId.localeCompare(a.runId));
  }

  /** All runs of the run's job, itself included. */
  jobOf(run: RunSummary): RunSummary[] {
    return [...(this.dirsOfJob.get(jobKeyOf(run)) ?? [])].flatMap((dir) => this.known.get(dir) ?? []);
  }

  /** Does not wait for the index to tell what it has read. */
  readAll(): void {
    for (const run of [...this.known.values()]) this.remove(run);
    const runs = this.runs.list();
    for (const run of runs) this.add(run);
    this.changed.fire({ dirs: new Set(runs.map(({ dir }) => dir)), isMoved: true, isStanding: true });
  }

  dispose(): void {
    this.own.dispose();
  }

  private follow(dirs: ReadonlySet<string>): void {
    let isMoved = false;
    let isStanding = false;
    for (const dir of dirs) {
      const [before, now] = [this.known.get(dir), this.runs.get(dir)];
      // Without a run of that name before and now, it is a place of another system.
      if (before === undefined || now === undefined || isElsewhere(before, now)) isMoved = true;
      else if (standsOtherwise(before, now)) isStanding = true;
      if (before) this.remove(before);
      if (now) this.add(now);
    }
    this.changed.fire({ dirs, isMoved, isStanding: isStanding || isMoved });
  }

  private add(run: RunSummary): void {
    this.known.set(run.dir, run);
    const job = jobKeyOf(run);
    const dirs = this.dirsOfJob.get(job);
    if (dirs) dirs.add(run.dir);
    else this.dirsOfJob.set(job, new Set([run.dir]));
    if (isAsking(run)) this.asking.add(run.dir);
    if (run.failure) this.failures += 1;
    this.countLeft(run, 1);
  }

  private remove(run: RunSummary): void {
    this.known.delete(run.dir);
    const job = jobKeyOf(run);
    const dirs = this.dirsOfJob.get(job);
    dirs?.delete(run.dir);
    if (dirs?.size === 0) this.dirsOfJob.delete(job);
    this.asking.delete(run.dir);
    if (run.failure) this.failures -= 1;
    this.countLeft(run, -1);
  }

  private countLeft(run: RunSummary, by: 1 | -1): void {
    const place = leftBy(run);
    if (place === undefined) return;
    const count = (this.left.get(place) ?? 0) + by;
    if (count > 0) this.left.set(place, count);
    else this.left.delete(place);
  }

  private isLeft(run: RunSummary): boolean {
    return this.left.has(placeOf(run));
  }
}

/** Whether its row is to be shown at another place than before. */
function isElsewhere(before: RunSummary, now: RunSummary): boolean {
  return (
    before.startedAt !== now.startedAt ||
    before.root !== now.root ||
    before.source !== now.source ||
    before.parentRunId !== now.parentRunId ||
    (before.groups !== now.groups && JSON.stringify(before.groups) !== JSON.stringify(now.groups))
  );
}

function standsOtherwise(before: RunSummary, now: RunSummary): boolean {
  return (
    before.status !== now.status ||
    before.stopReason !== now.stopReason ||
    before.isHere !== now.isHere ||
    before.isQueued !== now.isQueued ||
    before.finishedAt !== now.finishedAt ||
    before.failure?.seq !== now.failure?.seq ||
    before.failure?.reason !== now.failure?.reason ||
    before.definitionPath !== now.definitionPath ||
    before.expertKey !== now.expertKey ||
    before.query !== now.query ||
    before.inputRequests?.length !== now.inputRequests?.length
  );
}
