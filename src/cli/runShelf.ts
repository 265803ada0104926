/** The runs that a command is about: those of a workspace, or what lies at a path, whoever wrote it. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { LoadedRun, RunProblem, RunSummary } from "../app/runIndex";
import { summarizeRun } from "../app/summarizeRun";
import { UserError } from "../base/errors";
import { formats } from "../formats/index";
import { type Run, reduceRun, runOf } from "../model/run";
import { isAlive } from "../store/isAlive";
import { layout } from "../store/layout";
import { readEnds, readJournal } from "../store/readJournal";
import { findJournals, isOurJournal } from "./findJournals";
import { readForeignShelf } from "./foreignShelf";
import { workspaceRootOf } from "./workspaceRoot";

export interface RunShelf {
  /** Where they were looked for. */
  place: string;
  /** Newest first. */
  runs: readonly RunSummary[];
  /** Whether a job, a run or a log is meant, which one reads, and not a list. */
  isOne: boolean;
  /** Of files that are no run's. */
  problems: readonly RunProblem[];
  /** Whose files there are, "runtrail" first: also where none of them could be read as a run. */
  sources: readonly string[];
  load(run: RunSummary): Promise<LoadedRun>;
  /** The log, where the run is ours. */
  journalOf(run: RunSummary): string | undefined;
}

/** "head": of runs of ours only what their first event tells, however long they are. */
export type ShelfReading = "whole" | "head";

/** Journals read side by side. */
const width = 8;

/** A part of what lies at a place. */
interface Layer {
  runs: readonly RunSummary[];
  has(run: RunSummary): boolean;
  load(run: RunSummary): Promise<LoadedRun>;
  journalOf?(run: RunSummary): string | undefined;
}

/** Throws `UserError` where there is nothing to read. */
export async function openShelf(
  { path, workspace }: { path?: string | undefined; workspace?: string | undefined },
  cwd: string,
  reading: ShelfReading = "whole",
): Promise<RunShelf> {
  if (path !== undefined && workspace !== undefined) throw new UserError("Name either a path or a --workspace.");
  if (path === undefined) return await shelfOfFolder(workspaceRootOf(cwd, workspace), true, reading);
  const place = resolve(cwd, path);
  const stats = await stat(place).catch(() => undefined);
  if (!stats) throw new UserError(`There is no file or folder ${place}.`);
  if (stats.isDirectory()) {
    const isWorkspace = existsSync(layout.jobs(place)) || place.endsWith(join(sep, "perstack", "jobs"));
    return await shelfOfFolder(place, isWorkspace, reading);
  }
  if (!stats.isFile()) throw new UserError(`${place} is neither a file nor a folder.`);
  return await shelfOfFile(place, reading);
}

/** @param isWorkspace whether it is a list that is meant, however few runs there are */
async function shelfOfFolder(place: string, isWorkspace: boolean, reading: ShelfReading): Promise<RunShelf> {
  const ours = await journalLayer(await findJournals(place), reading);
  const foreign = await readForeignShelf(place);
  const isThere = ours.runs.length > 0 || foreign.runs.length > 0 || foreign.sources.length > 0;
  if (!isWorkspace && !isThere) throw nothingIn(place);
  return joinLayers([ours, foreign], { place, isWorkspace, problems: foreign.problems, foreign: foreign.sources });
}

async function shelfOfFile(place: string, reading: ShelfReading): Promise<RunShelf> {
  const foreign = await readForeignShelf(place);
  if (foreign.sources.length > 0) {
    const { problems, sources } = foreign;
    return joinLayers([foreign], { place, isWorkspace: false, problems, foreign: sources });
  }
  const ours = (await isOurJournal(place)) ? await journalLayer([place], reading) : undefined;
  if (!ours || ours.runs.length === 0) throw nothingIn(place);
  return joinLayers([ours], { place, isWorkspace: false, problems: [], foreign: [] });
}

/** Journals are read again when someone looks at them. */
async function journalLayer(files: readonly string[], reading: ShelfReading): Promise<Layer> {
  const journals = new Map<RunSummary, string>();
  const queue = files.values();
  const worker = async () => {
    for (const file of queue) {
      const run = reading === "head" ? await readHead(file) : runOf((await readJournal(file)).events);
      // A log of ours under another name stands for itself.
      const dir = basename(file) === "events.jsonl" ? dirname(file) : file;
      if (!run) continue;
      const status = run.status === "running" && !(await isAlive(dir)) ? "unknown" : run.status;
      journals.set(summarizeRun(run, { dir, isHere: false, status }), file);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return {
    runs: [...journals.keys()],
    has: (run) => journals.has(run),
    journalOf: (run) => journals.get(run),
    async load(summary) {
      const { events, problems } = await readJournal(journals.get(summary) ?? layout.journal(summary.dir));
      const run = runOf(events);
      if (!run) throw new Error(`The run ${summary.runId} is no longer in ${summary.dir}.`);
      return { run, events, problems };
    },
  };
}

async function readHead(file: string): Promise<Run | undefined> {
  const { first } = await readEnds(file);
  return first && reduceRun(undefined, first);
}

function joinLayers(
  layers: readonly Layer[],
  about: {
    place: string;
    isWorkspace: boolean;
    problems: readonly RunProblem[];
    /** Names of other systems. */
    foreign: readonly string[];
  },
): RunShelf {
  const { place, isWorkspace, problems, foreign } = about;
  const runs = layers.flatMap((layer) => layer.runs).sort(byStart);
  const hasOurs = runs.some(({ source }) => source === undefined) || foreign.length === 0;
  return {
    ...{ place, runs, problems },
    isOne: !isWorkspace && new Set(runs.map(({ jobId }) => jobId)).size === 1,
    sources: hasOurs ? ["runtrail", ...foreign] : foreign,
    async load(run) {
      const layer = layers.find((each) => each.has(run));
      if (!layer) throw new Error(`The run ${run.runId} is not of this shelf.`);
      return await layer.load(run);
    },
    journalOf: (run) => layers.find((each) => each.has(run))?.journalOf?.(run),
  };
}

/** The newest first; what began at the same time in an order that is the same everywhere. */
function byStart(a: RunSummary, b: RunSummary): number {
  return b.startedAt - a.startedAt || compare(b.runId, a.runId) || compare(a.dir, b.dir);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nothingIn(place: string): UserError {
  const labels = ["Runtrail", ...formats.map(({ label }) => label)];
  const names = `${labels.slice(0, -1).join(", ")} or ${labels.at(-1)}`;
  return new UserError(
    `Nothing in ${place} can be read as runs. Name a workspace, a folder of a job or a run, or a log with one event a line, of ${names}.`,
  );
}
