/** The run index over the workspace folders: summaries from disk, the live ones from their events. */
import { sep } from "node:path";
import { Emitter } from "../base/bus";
import type { Disposable } from "../base/disposable";
import { assertNever } from "../base/errors";
import { oneAtATime } from "../base/oneAtATime";
import { noUsage } from "../model/addUsage";
import type { AnyEvent } from "../model/events";
import { journalStampOf } from "../store/journalStamp";
import { layout } from "../store/layout";
import { jobDirOf, placeAt } from "../store/runFolders";
import { DiskRuns } from "./diskRuns";
import { createForeignRunIndex } from "./foreignRuns";
import { createForeignSources } from "./foreignSources";
import { LiveRuns } from "./liveRuns";
import { createLoadedRuns } from "./loadedRuns";
import type { LogReader } from "./logReader";
import { RunCacheKeeper } from "./runCacheKeeper";
import type { RunIndex, RunRoot, RunSummary } from "./runIndex";
import { RunList } from "./runList";
import { summarizeRun } from "./summarizeRun";

export interface LiveRunIndex extends RunIndex, Disposable {
  setFolders(folders: readonly string[]): void;
  /** Where runs of other systems are looked for; done when they have been read. */
  setRoots(roots: readonly RunRoot[]): Promise<void>;
  /** From here on the run's events come from this process. One that waits for its turn is shown until they come. */
  attach(dir: string, waiting: WaitingRun): void;
  apply(dir: string, event: AnyEvent): void;
  /** The run has ended; `isLost` where its end could not be recorded. */
  detach(dir: string, isLost: boolean): void;
}

/** What is known of a run before its first event. */
export interface WaitingRun {
  jobId: string;
  runId: string;
  expertKey: string;
  query: string;
}

export interface RunIndexOptions {
  logs: LogReader;
  onError(error: unknown): void;
  /** Where what was read is kept for the next start; absent: nowhere. */
  cacheFolder?: string | undefined;
}

const changeIntervalMs = 100;
/** Every so many checks all is looked at again: a watcher may miss what happens deep in a folder. */
const checksPerLook = 150;

export function createRunIndex({ logs, cacheFolder, ...options }: RunIndexOptions): LiveRunIndex {
  const closing = new AbortController();
  /** What is broken off when the index is closed is no failure. */
  const onError = (error: unknown) => {
    if (!closing.signal.aborted) options.onError(error);
  };
  const changed = new Emitter<ReadonlySet<string>>(onError);
  const list = new RunList();
  /** Runs of this process whose end could not be recorded. */
  const lost = new Set<string>();
  /** Live runs whose row does not tell yet what they did last. */
  const behind = new Set<string>();
  /** Ends what goes on for folders that are no longer shown. */
  let controller = new AbortController();
  let folders: readonly string[] = [];
  /** Beyond the folders: their runs are shown as well. */
  let roots: readonly string[] = [];
  let checks = 0;
  /** How many wait for a look at everything. */
  let looks = 0;
  let dirty = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    timer = undefined;
    if (dirty.size === 0) return;
    const dirs = dirty;
    dirty = new Set();
    for (const dir of behind) catchUp(dir);
    changed.fire(dirs);
    timer = setTimeout(flush, changeIntervalMs);
  };
  const touch = (dir: string) => {
    dirty.add(dir);
    timer ??= setTimeout(flush, 0);
  };
  const forget = (dir: string) => {
    loaded.forget(dir);
    lost.delete(dir);
    if (list.delete(dir)) touch(dir);
  };
  const show = (summary: RunSummary) => {
    list.set(summary);
    touch(summary.dir);
  };
  const live = new LiveRuns({
    readPast: (dir) => logs.do("readPart", { dir, isWhole: true }, closing),
    readPart: async (dir, wanted) => await loaded.load(dir, (await journalStampOf(dir)) ?? "", wanted),
    tell(dir) {
      behind.add(dir);
      touch(dir);
    },
    onError,
  });
  /** A row is made when somebody looks, not with each event. */
  const catchUp = (dir: string) => {
    if (!behind.delete(dir)) return;
    const run = live.runOf(dir);
    if (run) list.set(summarizeRun(run, { dir, isHere: true }));
  };
  const catchUpAll = () => {
    for (const dir of behind) catchUp(dir);
  };
  const loaded = createLoadedRuns({ ...{ logs, onError }, signal: closing.signal, onWhole: touch });
  const disk = new DiskRuns({
    ...{ logs, onError },
    show(summary) {
      show(summary);
      cache.touch();
    },
    forget(dir) {
      forget(dir);
      cache.touch();
    },
    get: (dir) => list.get(dir),
    isLive: (dir) => live.has(dir),
    isHere: (dir) => live.has(dir) || lost.has(dir),
  });
  const cache = new RunCacheKeeper({
    ...{ folder: cacheFolder, disk, list, onError },
    isFromDisk: ({ dir }) => !live.has(dir) && !lost.has(dir),
  });
  const ports = { show, forget, onError, now: Date.now };
  const foreign = createForeignRunIndex({ ...ports, isOurs: (dir) => disk.has(dir) || live.has(dir) || lost.has(dir) });
  const sources = createForeignSources({
    ...ports,
    // The jobs of the workspace are read as such.
    isKnown: ({ format, path }) =>
      format === "perstack" && folders.some((folder) => path.startsWith(layout.jobs(folder) + sep)),
    tellSource(path) {
      list.move();
      touch(path);
    },
  });
  const otherOf = (dir: string) => (sources.has(dir) ? sources : foreign.has(dir) ? foreign : undefined);

  /** Of folders that are no longer shown nothing is told. */
  const look = async (action: (signal: AbortSignal) => Promise<void>) => {
    const { signal } = controller;
    try {
      await action(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };
  const lookOnce = oneAtATime(() =>
    look(async (signal) => {
      await cache.show(folders, signal);
      await disk.lookAtAll(signal);
      cache.setReady();
      // After ours, so that it is known which those are.
      await foreign.refresh(disk.otherJobs, (jobDir) => disk.hasJob(jobDir));
    }),
  );
  const lookAtAll = async () => {
    looks += 1;
    await lookOnce().finally(() => {
      looks -= 1;
    });
  };
  const lookForOthers = (jobDir: string) => foreign.lookAt(disk.isOfWorkspace(jobDir) ? [jobDir] : []);
  const lookAtJob = (jobDir: string) =>
    look(async (signal) => {
      await disk.lookAtJobs([jobDir], signal);
      await lookForOthers(jobDir);
    });
  const lookAtRun = (dir: string) =>
    look(async (signal) => {
      await disk.lookAtRuns([dir], signal);
      if (!list.has(dir) || foreign.has(dir)) await lookForOthers(jobDirOf(dir));
    });
  const setPlaces = () => {
    controller.abort();
    controller = new AbortController();
    disk.setPlaces(folders, roots);
  };

  return {
    onDidChange: changed.event,
    get version() {
      catchUpAll();
      return list.version;
    },
    setFolders(next) {
      if (next.join("\n") === folders.join("\n")) return;
      folders = next;
      setPlaces();
    },
    async setRoots(next) {
      const paths = next.map(({ path }) => path).filter((path) => !folders.includes(path));
      const isSame = paths.join("\n") === roots.join("\n");
      roots = paths;
      if (!isSame) setPlaces();
      await Promise.all([isSame ? undefined : lookAtAll(), sources.setRoots(next)]);
    },
    sources() {
      // A place that was asked for may hold runs of ours alone.
      const isOfOurs = (path: string) => list.all.some(({ root, source }) => root === path && !source);
      return sources.sources().filter(({ path, source }) => source !== undefined || !isOfOurs(path));
    },
    list() {
      catchUpAll();
      return list.all;
    },
    get(dir) {
      catchUp(dir);
      return list.get(dir);
    },
    async check() {
      checks += 1;
      // What is looked at already is not looked at twice.
      if (looks > 0) return;
      if (checks % checksPerLook === 0) await lookAtAll();
      await look(async (signal) => {
        const isElsewhere = ({ status, isHere, source }: RunSummary) => status === "running" && !isHere && !source;
        const going = list.all.filter(isElsewhere).map(({ dir }) => dir);
        await foreign.lookAt(await disk.check(going, signal));
      });
      await foreign.check();
      await sources.check();
    },
    refreshPaths: (paths) => sources.refreshPaths(paths),
    async refresh(path) {
      if (path !== undefined && sources.has(path)) return await sources.refreshRun(path);
      const place = path === undefined ? { kind: "all" as const } : placeAt(path);
      switch (place.kind) {
        case "all":
          return await Promise.all([lookAtAll(), sources.refresh()]).then(() => {});
        case "job":
          return await lookAtJob(place.jobDir);
        case "run":
          return await lookAtRun(place.dir);
        default:
          assertNever(place);
      }
    },
    async load(dir, wanted) {
      const here = await live.load(dir, wanted);
      if (here) return here;
      const other = otherOf(dir);
      const stamp = other?.stampOf(dir) ?? (await journalStampOf(dir)) ?? "";
      return await (other ? loaded.load(dir, stamp, {}, () => other.load(dir)) : loaded.load(dir, stamp, wanted));
    },
    attach(dir, waiting) {
      lost.delete(dir);
      const known = list.get(dir);
      live.begin(dir);
      disk.expect(dir);
      show(known ? waitingAgain(known) : waitingSummary(dir, waiting));
    },
    apply: (dir, event) => live.apply(dir, event),
    detach(dir, isLost) {
      const run = live.end(dir);
      behind.delete(dir);
      if (isLost) lost.add(dir);
      if (run) show(summarizeRun(run, { dir, isHere: false, ...(isLost && { status: "failed" }) }));
      // What was watched to its end need not be read again.
      const settled = run || isLost ? disk.settle(dir) : lookAtRun(dir);
      void settled.then(() => cache.touch(), onError);
      touch(dir);
    },
    dispose() {
      closing.abort();
      controller.abort();
      cache.dispose();
      sources.dispose();
      clearTimeout(timer);
      changed.dispose();
    },
  };
}

/** What it ended with holds no longer. */
function waitingAgain({ stopReason: _, finishedAt: __, inputRequests: ___, ...known }: RunSummary): RunSummary {
  return { ...known, status: "running", isHere: true, isQueued: true };
}

function waitingSummary(dir: string, { jobId, runId, expertKey, query }: WaitingRun): RunSummary {
  const place = { dir, jobId, runId, expertKey, query, isHere: true, isQueued: true };
  return { ...place, status: "running", startedAt: Date.now(), usage: noUsage, steps: 0 };
}
