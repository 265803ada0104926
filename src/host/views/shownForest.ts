/** What stands where in the Runs view, put together again only where something came, went or moved, and somebody asks. */
import type { RunIndex } from "../../app/runIndex";
import { forestOf, type RunForest } from "./runForest";
import { type Job, jobKeyOf } from "./runTree";

export class ShownForest {
  private known: RunForest = forestOf([], []);
  /** Where each run was put: one that is gone does not say it any more. */
  private places = new Map<string, { job: Job; index: number }>();
  private isStale = true;
  private version = -1;

  constructor(private readonly runs: Pick<RunIndex, "list" | "sources" | "get" | "version">) {}

  get forest(): RunForest {
    if (this.isStale || this.version !== this.runs.version) this.read();
    return this.known;
  }

  /** Under which key of a job the run is, or was, shown. */
  jobOf(dir: string): string | undefined {
    return this.places.get(dir)?.job.jobDir;
  }

  /** The jobs, old and new, of what changed. */
  follow(dirs: ReadonlySet<string>, isMoved: boolean): ReadonlySet<string> {
    this.isStale ||= isMoved;
    const jobs = new Set<string>();
    for (const dir of dirs) {
      const [place, run] = [this.places.get(dir), this.runs.get(dir)];
      if (place) jobs.add(place.job.jobDir);
      if (run && isMoved) jobs.add(jobKeyOf(run));
      if (run && place) place.job.runs[place.index] = run;
    }
    return jobs;
  }

  private read(): void {
    this.isStale = false;
    this.version = this.runs.version;
    this.known = forestOf(this.runs.list(), this.runs.sources());
    this.places = new Map();
    for (const job of this.known.jobs.values()) {
      for (const [index, { dir }] of job.runs.entries()) this.places.set(dir, { job, index });
    }
  }
}
