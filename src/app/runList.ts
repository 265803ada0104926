/** All runs as rows, newest first, kept in order as they change: a change costs the same among ten and ten thousand. */
import type { RunSummary } from "./runIndex";

export class RunList {
  private readonly byDir = new Map<string, RunSummary>();
  private readonly sorted: RunSummary[] = [];
  /** What was given out: nobody's list changes under their hands. */
  private given: readonly RunSummary[] | undefined;
  private count = 0;

  /** Another number whenever a run came, went or changed its place. */
  get version(): number {
    return this.count;
  }

  get size(): number {
    return this.byDir.size;
  }

  get all(): readonly RunSummary[] {
    this.given ??= [...this.sorted];
    return this.given;
  }

  get(dir: string): RunSummary | undefined {
    return this.byDir.get(dir);
  }

  has(dir: string): boolean {
    return this.byDir.has(dir);
  }

  set(summary: RunSummary): void {
    const known = this.byDir.get(summary.dir);
    this.byDir.set(summary.dir, summary);
    this.given = undefined;
    if (known && order(known, summary) === 0) {
      this.sorted[this.indexOf(known)] = summary;
      if (!isPlacedAlike(known, summary)) this.count += 1;
      return;
    }
    if (known) this.sorted.splice(this.indexOf(known), 1);
    this.sorted.splice(this.indexOf(summary), 0, summary);
    this.count += 1;
  }

  delete(dir: string): boolean {
    const known = this.byDir.get(dir);
    if (!known) return false;
    this.byDir.delete(dir);
    this.sorted.splice(this.indexOf(known), 1);
    this.given = undefined;
    this.count += 1;
    return true;
  }

  /** Something beside the runs moved. */
  move(): void {
    this.count += 1;
  }

  /** Where it stands, or would. */
  private indexOf(summary: RunSummary): number {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.sorted[middle];
      if (at && order(at, summary) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Two runs never stand at the same place. */
function order(a: RunSummary, b: RunSummary): number {
  return b.startedAt - a.startedAt || compare(b.runId, a.runId) || compare(a.dir, b.dir);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether both stand under the same run, root and group. */
function isPlacedAlike(a: RunSummary, b: RunSummary): boolean {
  return (
    a.runId === b.runId &&
    a.jobId === b.jobId &&
    a.parentRunId === b.parentRunId &&
    a.root === b.root &&
    a.source === b.source &&
    (a.groups === b.groups || JSON.stringify(a.groups) === JSON.stringify(b.groups))
  );
}
