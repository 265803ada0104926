/** A run index that a test fills by hand, for what the editor makes of it. */
import type { LoadedRun, RunSource, RunSummary, WantedPart } from "../../src/app/runIndex";
import { Emitter } from "../../src/base/bus";

export class FakeRuns {
  private readonly changed = new Emitter<ReadonlySet<string>>((error) => {
    throw error;
  });
  private runs = new Map<string, RunSummary>();
  readonly onDidChange = this.changed.event;
  /** How often all were asked for. */
  lists = 0;
  version = 0;

  constructor(
    runs: readonly RunSummary[] = [],
    readonly load: (dir: string, wanted?: WantedPart) => Promise<LoadedRun> = () => Promise.reject(new Error("none")),
  ) {
    for (const run of runs) this.runs.set(run.dir, run);
  }

  list(): readonly RunSummary[] {
    this.lists += 1;
    return [...this.runs.values()].sort((a, b) => b.startedAt - a.startedAt);
  }

  sources(): readonly RunSource[] {
    return [];
  }

  get(dir: string): RunSummary | undefined {
    return this.runs.get(dir);
  }

  /** As the index tells of what changed. */
  change(...runs: readonly RunSummary[]): void {
    for (const run of runs) {
      if (this.runs.get(run.dir)?.startedAt !== run.startedAt) this.version += 1;
      this.runs.set(run.dir, run);
    }
    this.changed.fire(new Set(runs.map(({ dir }) => dir)));
  }

  remove(dir: string): void {
    this.version += 1;
    this.runs.delete(dir);
    this.changed.fire(new Set([dir]));
  }
}
