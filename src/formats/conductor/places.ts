/** Where runs of Conductor Loop lie: a root, a project, a task or a run, told by the names in a folder. */
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { legacyInfoFile, runInfoFile } from "./runInfo";

/** What is read on its own: a task with its runs, or a run that is in no task. */
export interface Unit {
  kind: "task" | "run";
  path: string;
}

export interface Place {
  units: Unit[];
  /** The folder name of the one run that is meant. */
  run?: string;
}

interface Entries {
  files: Set<string>;
  folders: string[];
}

const runName = /^\d{8}-\d{6,10}-\d+(?:-\w+)*$/u;
const legacyRunName = /^run_\d{8}-\d{6}-\d+$/u;
const taskName = /^task-\d{8}-\d{6}-[a-z0-9-]+$/u;
const foldersAtMost = 4000;
const depth = 5;

/** The units of a run's, a task's, a project's or a root's folder; none where it is none of these. */
export async function placeOf(path: string, signal?: AbortSignal): Promise<Place> {
  const entries = await entriesOf(path);
  if (!entries) return { units: [] };
  if (isRun(path, entries)) {
    const above = dirname(path);
    const isInTask = basename(above) === "runs" && !isLegacyRun(path, entries);
    return isInTask
      ? { units: [{ kind: "task", path: dirname(above) }], run: basename(path) }
      : { units: [{ kind: "run", path }] };
  }
  if (await isTask(path, entries)) return { units: [{ kind: "task", path }] };
  if (basename(path) === "runs" && (await holdsRuns(path, entries))) {
    return { units: [{ kind: "task", path: dirname(path) }] };
  }
  return { units: await unitsBelow(path, entries, 2, { left: foldersAtMost, takesLoneRuns: false }, signal) };
}

/** The units at and below a folder, wherever they lie in it. */
export async function findUnits(folder: string, signal?: AbortSignal): Promise<Unit[]> {
  const entries = await entriesOf(folder);
  if (!entries) return [];
  if (isRun(folder, entries)) return [{ kind: "run", path: folder }];
  if (await isTask(folder, entries)) return [{ kind: "task", path: folder }];
  return await unitsBelow(folder, entries, depth, { left: foldersAtMost, takesLoneRuns: true }, signal);
}

async function unitsBelow(
  path: string,
  { folders }: Entries,
  levels: number,
  budget: { left: number; takesLoneRuns: boolean },
  signal: AbortSignal | undefined,
): Promise<Unit[]> {
  const units: Unit[] = [];
  for (const name of folders) {
    signal?.throwIfAborted();
    if (budget.left <= 0) break;
    if (name === "node_modules" || name === ".git" || isOurs(path, name)) continue;
    budget.left -= 1;
    const below = join(path, name);
    const entries = await entriesOf(below);
    if (!entries) continue;
    if (isLegacyRun(below, entries) || (budget.takesLoneRuns && isRun(below, entries))) {
      units.push({ kind: "run", path: below });
    } else if (await isTask(below, entries)) units.push({ kind: "task", path: below });
    else if (levels > 1) units.push(...(await unitsBelow(below, entries, levels - 1, budget, signal)));
  }
  return units;
}

/** Our own jobs have `runs` with a `run-info.yaml` as well; our exports are copies of them. */
function isOurs(path: string, name: string): boolean {
  return basename(path) === "perstack" && (name === "jobs" || name === "exports");
}

/** Links to folders are not gone along. */
async function entriesOf(path: string): Promise<Entries | undefined> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) return undefined;
  const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return { files: new Set(files), folders: folders.sort() };
}

function isRun(path: string, entries: Entries): boolean {
  const { files } = entries;
  if (files.has("events.jsonl") || files.has("run-setting.json")) return false;
  if (files.has(runInfoFile) || isLegacyRun(path, entries)) return true;
  return runName.test(basename(path)) && basename(dirname(path)) === "runs";
}

function isLegacyRun(path: string, { files }: Entries): boolean {
  return files.has(legacyInfoFile) && legacyRunName.test(basename(path)) && !files.has(runInfoFile);
}

async function isTask(path: string, { files, folders }: Entries): Promise<boolean> {
  if (files.has("job.json")) return false;
  if (files.has("TASK-MESSAGE-BUS.md")) return true;
  if (files.has("TASK.md") && (folders.includes("runs") || taskName.test(basename(path)))) return true;
  if (!folders.includes("runs")) return false;
  const runs = join(path, "runs");
  const entries = await entriesOf(runs);
  return entries !== undefined && (await holdsRuns(runs, entries));
}

const lookedAtMost = 20;

/** With a run of a task in it, not one of the shell scripts. */
async function holdsRuns(runs: string, { folders }: Entries): Promise<boolean> {
  if (await isFile(join(dirname(runs), "job.json"))) return false;
  for (const name of folders.slice(0, lookedAtMost)) {
    const path = join(runs, name);
    const entries = await entriesOf(path);
    if (entries && isRun(path, entries) && !isLegacyRun(path, entries)) return true;
  }
  return false;
}

async function isFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ?? false;
}

/** Whether a folder below `runs` is a run of the task: all are that hold something of one. */
export function isRunOfTask(name: string, files: readonly string[]): boolean {
  return !files.includes("events.jsonl") && (runName.test(name) || files.some((file) => runFiles.has(file)));
}

const runFiles = new Set([
  runInfoFile,
  legacyInfoFile,
  "agent-stdout.txt",
  "agent-stderr.txt",
  "prompt.md",
  "output.md",
]);
