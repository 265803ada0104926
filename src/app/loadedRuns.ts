/** The runs that someone looks at: read by the log reader, the last few kept as long as they stand as they did. */
import type { LogReader } from "./logReader";
import type { LoadedRun, WantedPart } from "./runIndex";

export interface LoadedRuns {
  /**
   * @param stamp how the run stands
   * @param read how it is read, where it is not one of ours
   */
  load(dir: string, stamp: string, wanted?: WantedPart, read?: () => Promise<LoadedRun>): Promise<LoadedRun>;
  forget(dir: string): void;
}

interface Kept {
  dir: string;
  stamp: string;
  content: Promise<LoadedRun>;
}

/** Each is a part of a run, of a bounded size. */
const keptRuns = 16;

export interface LoadedRunsOptions {
  logs: LogReader;
  /** Ends what nobody waits for. */
  signal: AbortSignal;
  /** The rest of the run has been looked through: a look now tells all about it. */
  onWhole(dir: string): void;
  onError(error: unknown): void;
}

export function createLoadedRuns({ logs, signal, onWhole, onError }: LoadedRunsOptions): LoadedRuns {
  const kept = new Map<string, Kept>();
  /** The runs that are being looked through. */
  const completing = new Set<string>();

  const forget = (dir: string) => {
    for (const [key, { dir: own }] of kept) if (own === dir) kept.delete(key);
  };
  const complete = async (dir: string) => {
    if (completing.has(dir)) return;
    completing.add(dir);
    try {
      await logs.do("readSummary", { dir }, { signal });
      forget(dir);
      onWhole(dir);
    } catch (error) {
      onError(error);
    } finally {
      completing.delete(dir);
    }
  };

  return {
    forget,
    async load(dir, stamp, wanted = {}, read) {
      const key = JSON.stringify([dir, wanted]);
      const known = kept.get(key);
      if (known?.stamp === stamp) return await known.content;
      const content = read ? read() : logs.do("readPart", { dir, ...wanted });
      const entry: Kept = { dir, stamp, content };
      kept.delete(key);
      kept.set(key, entry);
      for (const oldest of kept.keys()) if (kept.size > keptRuns) kept.delete(oldest);
      try {
        const loaded = await content;
        if (loaded.part && !loaded.part.isWhole) void complete(dir);
        return loaded;
      } catch (error) {
        if (kept.get(key) === entry) kept.delete(key);
        throw error;
      }
    },
  };
}
