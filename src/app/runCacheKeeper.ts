/** Shows what was known of the runs when these folders were open last, and keeps what is known now for the next time. */
import type { Disposable } from "../base/disposable";
import type { DiskRuns } from "./diskRuns";
import { type CachedRun, RunCache } from "./runCache";
import type { RunSummary } from "./runIndex";
import type { RunList } from "./runList";
import { runtimeVersion } from "./version";

export interface RunCacheKeeperOptions {
  /** Absolute path; absent: nothing is kept. */
  folder: string | undefined;
  disk: DiskRuns;
  list: RunList;
  /** Whether the row may go into the cache: it tells what the disk does. */
  isFromDisk(summary: RunSummary): boolean;
  onError(error: unknown): void;
}

/** Changes that come together are written together, and not too often: all is written each time. */
const pauseMs = 2_000;
const intervalMs = 30_000;

export class RunCacheKeeper implements Disposable {
  private cache: RunCache | undefined;
  private places = "";
  /** Whether the disk was looked at: before that, less is known than is kept. */
  private isReady = false;
  private writtenAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RunCacheKeeperOptions) {}

  /** Once for each set of folders: shows what is kept, runs that went on only when they have been looked at. */
  async show(folders: readonly string[], signal: AbortSignal): Promise<void> {
    const { folder, disk, onError } = this.options;
    const places = JSON.stringify(folders);
    if (folder === undefined || places === this.places) return;
    this.dispose();
    this.places = places;
    this.isReady = false;
    this.cache = new RunCache(folder, folders, runtimeVersion);
    const going: string[] = [];
    try {
      for await (const runs of this.cache.read()) {
        if (signal.aborted) return;
        for (const { summary, stamp } of runs) {
          if (summary.status === "running") going.push(summary.dir);
          else disk.believe(summary, stamp);
        }
      }
    } catch (error) {
      onError(error);
    }
    await disk.lookAtRuns(going, signal);
  }

  /** The disk has been looked at, all of it. */
  setReady(): void {
    if (this.isReady) return;
    this.isReady = true;
    this.touch();
  }

  /** Something is other than it is kept. */
  touch(): void {
    if (!this.cache || !this.isReady || this.timer) return;
    const pause = Math.max(pauseMs, this.writtenAt + intervalMs - performance.now());
    this.timer = setTimeout(() => void this.write(), pause);
    this.timer.unref();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.cache = undefined;
  }

  /** Where it cannot be written, the next start takes longer: it is told once. */
  private async write(): Promise<void> {
    const { cache } = this;
    this.timer = undefined;
    this.writtenAt = performance.now();
    try {
      await cache?.write(this.runs());
    } catch (error) {
      this.cache = undefined;
      this.options.onError(error);
    }
  }

  private *runs(): Generator<CachedRun> {
    const { list, disk, isFromDisk } = this.options;
    for (const { dir } of list.all) {
      const summary = list.get(dir);
      const stamp = disk.stampOf(dir);
      if (summary && stamp !== undefined && summary.root === undefined && isFromDisk(summary)) yield { stamp, summary };
    }
  }
}
