/** The run index over the workspace folders: summaries from disk, the live ones from their events. */
import { stat } from "node:fs/promises";
import { sep } from "node:path";
import { Emitter } from "../base/bus";
import type { Disposable } from "../base/disposable";
import { noUsage } from "../model/addUsage";
import { isLive } from "../model/eventKinds";
import type { AnyEvent, RunEvent } from "../model/events";
import { type Run, reduceRun, runOf } from "../model/run";
import { layout } from "../store/layout";
import type { JournalContent } from "../store/readJournal";
import { jobFoldersAt, listJobFolders, listRunsOfJob } from "../store/runFolders";
import { createForeignRunIndex } from "./foreignRuns";
import { createForeignSources } from "./foreignSources";
import type { LoadedRun, RunIndex, RunRoot, RunSummary } from "./runIndex";
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

/** A run of this process, with the events it has had. */
interface LiveRun {
  run?: Run;
  events: RunEvent[];
  /** Settles when what it did before it went on here has been read; until then there is no `run`. */
  past?: Promise<void>;
}

/** What is known of a run before its first event. */
export interface WaitingRun {
  jobId: string;
  runId: string;
  expertKey: string;
  query: string;
}

/** Loaded runs that are kept for the next look. */
const keptRuns = 16;
const changeIntervalMs = 100;
/** Journals read side by side. */
const width = 8;

export function createRunIndex(onError: (error: unknown) => void): LiveRunIndex {
  const changed = new Emitter<ReadonlySet<string>>(onError);
  const summaries = new Map<string, RunSummary>();
  const stamps = new Map<string, string>();
  const live = new Map<string, LiveRun>();
  /** Runs of this process whose end could not be recorded. */
  const lost = new Set<string>();
  const loaded = new Map<string, { stamp: string; content: LoadedRun }>();
  let folders: readonly string[] = [];
  /** Beyond the folders: their runs are shown as well. */
  let roots: readonly string[] = [];
  let seenJobs = "";
  let sorted: readonly RunSummary[] | undefined;
  let version = 0;
  let dirty = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    timer = undefined;
    if (dirty.size === 0) return;
    const dirs = dirty;
    dirty = new Set();
    changed.fire(dirs);
    timer = setTimeout(flush, changeIntervalMs);
  };
  const touch = (dir: string) => {
    sorted = undefined;
    version += 1;
    dirty.add(dir);
    timer ??= setTimeout(flush, 0);
  };
  const forget = (dir: string) => {
    stamps.delete(dir);
    loaded.delete(dir);
    if (summaries.delete(dir)) touch(dir);
  };
  const isOurs = (dir: string) => stamps.has(dir) || live.has(dir) || lost.has(dir);
  const show = (summary: RunSummary) => {
    summaries.set(summary.dir, summary);
    touch(summary.dir);
  };
  const ports = { show, forget, onError, now: Date.now };
  const foreign = createForeignRunIndex({ ...ports, isOurs });
  const sources = createForeignSources({
    ...ports,
    // The jobs of the workspace are read as such.
    isKnown: ({ format, path }) =>
      format === "perstack" && folders.some((folder) => path.startsWith(layout.jobs(folder) + sep)),
    tellSource: touch,
  });
  const otherOf = (dir: string) => (sources.has(dir) ? sources : foreign.has(dir) ? foreign : undefined);
  const refreshRun = async (dir: string, place: { root?: string } = rootOf(summaries.get(dir))): Promise<void> => {
    if (live.has(dir) || lost.has(dir)) return;
    const stamp = await stampOf(dir);
    if (stamp === undefined) return otherOf(dir) ? undefined : forget(dir);
    const known = summaries.get(dir);
    if (stamps.get(dir) === stamp && known?.status !== "running") {
      if (known && known.root !== place.root) show({ ...withoutRoot(known), ...place });
      return;
    }
    const { events } = await readEvents(dir);
    const run = runOf(events);
    if (!run || live.has(dir)) return;
    stamps.set(dir, stamp);
    const status = run.status === "running" && !(await isAlive(dir)) ? "unknown" : run.status;
    show({ ...summarizeRun(run, { dir, isHere: false, status }), ...place });
  };
  const refreshAll = async (): Promise<void> => {
    seenJobs = await jobsStamp([...folders, ...roots]);
    const jobDirs = (await Promise.all(folders.map(listJobFolders))).flat();
    const places: { dir: string; root?: string }[] = (await Promise.all(jobDirs.map(listRunsOfJob))).flat();
    for (const root of roots) {
      const lists = await Promise.all((await jobFoldersAt(root)).map(listRunsOfJob));
      places.push(...lists.flat().map(({ dir }) => ({ dir, root })));
    }
    const found = new Set(places.map(({ dir }) => dir));
    for (const dir of [...summaries.keys()]) {
      if (!found.has(dir) && !live.has(dir) && !otherOf(dir)) forget(dir);
    }
    const queue = places.values();
    const worker = async () => {
      for (const { dir, ...place } of queue) await refreshRun(dir, rootOf(place)).catch(onError);
    };
    await Promise.all(Array.from({ length: width }, worker));
    // After ours, so that it is known which those are.
    await foreign.refresh(jobDirs);
  };

  /** Of a run that goes on in its own journal: what it did before, and what came while that was read. */
  const readPast = async (dir: string, entry: LiveRun, firstSeq: number): Promise<void> => {
    const { events } = await readEvents(dir);
    const whole = [...events.filter(({ seq }) => seq < firstSeq), ...entry.events];
    entry.events = whole;
    const run = runOf(whole);
    if (run) entry.run = run;
    if (!run || live.get(dir) !== entry) return;
    summaries.set(dir, summarizeRun(run, { dir, isHere: true }));
    touch(dir);
  };

  return {
    onDidChange: changed.event,
    get version() {
      return version;
    },
    setFolders(next) {
      folders = next;
    },
    async setRoots(next) {
      const paths = next.map(({ path }) => path).filter((path) => !folders.includes(path));
      const isSame = paths.join("\n") === roots.join("\n");
      roots = paths;
      await Promise.all([isSame ? undefined : refreshAll(), sources.setRoots(next)]);
    },
    sources() {
      // A place that was asked for may hold runs of ours alone.
      const isOfOurs = (path: string) => [...summaries.values()].some(({ root, source }) => root === path && !source);
      return sources.sources().filter(({ path, source }) => source !== undefined || !isOfOurs(path));
    },
    list() {
      sorted ??= [...summaries.values()].sort((a, b) => b.startedAt - a.startedAt || b.runId.localeCompare(a.runId));
      return sorted;
    },
    get: (dir) => summaries.get(dir),
    async check() {
      if ((await jobsStamp([...folders, ...roots])) !== seenJobs) await refreshAll();
      const isElsewhere = ({ status, isHere, source }: RunSummary) => status === "running" && !isHere && !source;
      for (const { dir } of [...summaries.values()].filter(isElsewhere)) await refreshRun(dir);
      await foreign.check();
      await sources.check();
    },
    refreshPaths: (paths) => sources.refreshPaths(paths),
    async refresh(dir) {
      if (dir === undefined) return await Promise.all([refreshAll(), sources.refresh()]).then(() => {});
      if (sources.has(dir)) return await sources.refreshRun(dir);
      await refreshRun(dir);
      if (!summaries.has(dir) || foreign.has(dir)) await foreign.refreshRun(dir);
    },
    async load(dir) {
      const running = live.get(dir);
      if (running?.run) return { run: running.run, events: running.events, problems: [] };
      const other = otherOf(dir);
      const stamp = other?.stampOf(dir) ?? (await stampOf(dir)) ?? "";
      const kept = loaded.get(dir);
      if (kept?.stamp === stamp) return kept.content;
      const content = other ? await other.load(dir) : await readRun(dir);
      loaded.delete(dir);
      loaded.set(dir, { stamp, content });
      for (const oldest of loaded.keys()) if (loaded.size > keptRuns) loaded.delete(oldest);
      return content;
    },
    attach(dir, waiting) {
      const known = summaries.get(dir);
      live.set(dir, live.get(dir) ?? { events: [] });
      summaries.set(dir, known ? waitingAgain(known) : waitingSummary(dir, waiting));
      touch(dir);
    },
    apply(dir, event) {
      const entry = live.get(dir);
      if (!entry || isLive(event)) return;
      if (!entry.run && event.seq > 1 && !entry.past) entry.past = readPast(dir, entry, event.seq).catch(onError);
      entry.events.push(event);
      if (entry.past && !entry.run) return;
      entry.run = reduceRun(entry.run, event);
      summaries.set(dir, summarizeRun(entry.run, { dir, isHere: true }));
      touch(dir);
    },
    detach(dir, isLost) {
      const { run, past } = live.get(dir) ?? {};
      live.delete(dir);
      if (isLost) lost.add(dir);
      if (past && !run && !isLost) {
        void past.then(() => refreshRun(dir)).catch(onError);
        return;
      }
      // What was watched to its end need not be read again.
      void stampOf(dir).then((stamp) => stamp && stamps.set(dir, stamp));
      if (run) summaries.set(dir, summarizeRun(run, { dir, isHere: false, ...(isLost && { status: "failed" }) }));
      touch(dir);
    },
    dispose() {
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

function rootOf({ root }: { root?: string } = {}): { root?: string } {
  return root === undefined ? {} : { root };
}

function withoutRoot({ root: _, ...summary }: RunSummary): RunSummary {
  return summary;
}

async function readRun(dir: string): Promise<LoadedRun> {
  const { events, problems } = await readEvents(dir);
  const run = runOf(events);
  if (!run) throw new Error(`${problems[0]?.reason ?? "No event has been recorded"} (${layout.journal(dir)})`);
  return { run, events, problems };
}

/** The schemas are loaded with the first journal, not when the editor starts. */
async function readEvents(dir: string): Promise<JournalContent> {
  const { readJournal } = await import("./deferred");
  return await readJournal(layout.journal(dir));
}

/** Changes whenever a job's folder comes or goes. */
async function jobsStamp(folders: readonly string[]): Promise<string> {
  const stats = await Promise.all(folders.map((folder) => stat(layout.jobs(folder)).catch(() => undefined)));
  return stats.map((stats) => `${stats?.ino}:${stats?.mtimeMs}`).join();
}

/** Changes whenever the journal does; `undefined` where there is none. */
async function stampOf(dir: string): Promise<string | undefined> {
  try {
    const { size, mtimeMs, ino } = await stat(layout.journal(dir));
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Whether the process that writes the run still lives; a run from another machine counts as alive while it is open. */
export async function isAlive(dir: string): Promise<boolean> {
  const { readRunInfo, stateOf } = await import("./deferred");
  const info = await readRunInfo(dir);
  return info?.status === "running" && (await stateOf(info)) !== "dead";
}
