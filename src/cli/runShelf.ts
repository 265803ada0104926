/** The runs that `runtrail log` is about: those of a workspace, or what lies at a path, whoever wrote it. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { App } from "../app/app";
import type { LoadedRun, RunProblem, RunSummary } from "../app/runIndex";
import { summarizeRun } from "../app/summarizeRun";
import { UserError } from "../base/errors";
import { formats } from "../formats/index";
import type { RunEvent } from "../model/events";
import { runOf } from "../model/run";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
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
  load(run: RunSummary): Promise<LoadedRun>;
}

/** Throws `UserError` where there is nothing to read. */
export async function openShelf(
  app: App,
  { path, workspace }: { path?: string | undefined; workspace?: string | undefined },
  cwd: string,
): Promise<RunShelf> {
  if (path === undefined) return await shelfOfWorkspace(app, workspaceRootOf(cwd, workspace));
  if (workspace !== undefined) throw new UserError("Name either a path or a --workspace.");
  const place = resolve(cwd, path);
  const stats = await stat(place).catch(() => undefined);
  if (!stats) throw new UserError(`There is no file or folder ${place}.`);
  if (stats.isDirectory() && existsSync(layout.jobs(place))) return await shelfOfWorkspace(app, place);
  const journal = basename(place) === "events.jsonl" ? place : layout.journal(place);
  const dir = dirname(journal);
  const known = await inWorkspace(app, existsSync(journal) ? dir : place);
  if (known && known.runs.length > 0) return known;
  if (existsSync(journal)) return await shelfOfJournal(journal, dir);
  for (const format of formats) if (await format.accepts(place)) return await shelfOfFormat(format, place);
  const ours = stats.isDirectory() ? undefined : await shelfOfJournal(place, place);
  if (ours && ours.runs.length > 0) return ours;
  throw new UserError(
    `Nothing in ${place} can be read as runs. Name a workspace, a folder of a job or a run, or a log with one event a line, of Runtrail or of ${formats.map(({ label }) => label).join(" or ")}.`,
  );
}

async function shelfOfWorkspace(app: App, root: string): Promise<RunShelf> {
  app.setFolders([root]);
  await app.runs.refresh();
  return { place: root, runs: app.runs.list(), isOne: false, problems: [], load: ({ dir }) => app.runs.load(dir) };
}

/** What lies in the `perstack/jobs` of a workspace is known to its index: also whether someone goes on with it. */
async function inWorkspace(app: App, place: string): Promise<RunShelf | undefined> {
  const at = `${place}${sep}`.lastIndexOf(`${sep}${join("perstack", "jobs")}${sep}`);
  if (at === -1) return undefined;
  const shelf = await shelfOfWorkspace(app, place.slice(0, at) || sep);
  const runs = shelf.runs.filter(({ dir }) => `${dir}${sep}`.startsWith(`${place}${sep}`));
  return { ...shelf, place, runs, isOne: place.length > at + join(sep, "perstack", "jobs", sep).length };
}

async function shelfOfJournal(journal: string, dir: string): Promise<RunShelf> {
  const { events, problems } = await readJournal(journal);
  return shelfOf(dir, events.length > 0 ? [{ dir, events, problems }] : [], {});
}

async function shelfOfFormat(format: (typeof formats)[number], place: string): Promise<RunShelf> {
  const { runs, problems } = await format.read(place);
  return shelfOf(place, runs, { problems, source: format.name });
}

function shelfOf(
  place: string,
  found: readonly { dir: string; events: readonly RunEvent[]; problems: readonly RunProblem[] }[],
  { problems = [], source }: { problems?: readonly RunProblem[]; source?: string },
): RunShelf {
  const loaded = new Map<RunSummary, LoadedRun>();
  for (const { dir, events, problems: own } of found) {
    const run = runOf(events);
    if (!run) continue;
    // Nobody is known to go on with it.
    const status = run.status === "running" ? "unknown" : run.status;
    const summary = { ...summarizeRun(run, { dir, isHere: false, status }), ...(source && { source }) };
    loaded.set(summary, { run, events, problems: own });
  }
  const runs = [...loaded.keys()].sort((a, b) => b.startedAt - a.startedAt || b.runId.localeCompare(a.runId));
  return {
    ...{ place, runs, problems, isOne: new Set(runs.map(({ jobId }) => jobId)).size === 1 },
    async load(run) {
      const content = loaded.get(run);
      if (!content) throw new Error(`The run ${run.runId} is not of this shelf.`);
      return content;
    },
  };
}
