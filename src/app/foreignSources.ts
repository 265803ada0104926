/**
 * The runs of other systems wherever they lie: found below the roots that it is given, read once, and read again when
 * their files change. What someone is at work on is looked at each time, the rest in turn.
 */
import { realpath, stat } from "node:fs/promises";
import { dirname, sep } from "node:path";
import type { Disposable } from "../base/disposable";
import type { ForeignGroup, ForeignRun, FormatProblem } from "../formats/format";
import { runOf } from "../model/run";
import { ForeignUnit, fewProblems, type PartStamp, rowsOf, settleMs, type UnitPorts } from "./foreignUnit";
import { placeOfRun } from "./placeOfRun";
import type { ForeignReading, ForeignSource } from "./readForeign";
import type { LoadedRun, RunGroup, RunRoot, RunSource } from "./runIndex";

export interface ForeignSourceIndex extends Disposable {
  has(dir: string): boolean;
  stampOf(dir: string): string | undefined;
  load(dir: string): Promise<LoadedRun>;
  sources(): readonly RunSource[];
  /** Looks for what is there; where roots hold the same place, the first of them has it. */
  setRoots(roots: readonly RunRoot[]): Promise<void>;
  /** Looks for what came and went, and reads what changed. */
  refresh(): Promise<void>;
  /** The same, for what is known to have changed. */
  refreshPaths(paths: ReadonlySet<string>): Promise<void>;
  /** The unit of one run. */
  refreshRun(dir: string): Promise<void>;
  /** A cheap look. */
  check(): Promise<void>;
}

export interface ForeignSourceOptions extends UnitPorts {
  /** Whether the index has it from elsewhere, such as a job of the workspace. */
  isKnown(source: ForeignSource): boolean;
  /** What is told of the source at the path has changed. */
  tellSource(path: string): void;
  onError(error: unknown): void;
}

interface Unit {
  source: ForeignSource;
  root: RunRoot;
  rows: ForeignUnit;
  /** What the reading looked at; `undefined` before the first one. */
  files: readonly string[] | undefined;
  label: string;
  problems: readonly FormatProblem[];
  groups: readonly (readonly RunGroup[])[];
  hasRuns: boolean;
  /** Whether it was not there when its root was first looked at. */
  isNews: boolean;
  /** Unix ms: what takes long to read is not read all the time. */
  dueAt: number;
}

/** Units read side by side. */
const width = 2;
/** A look of each kind that `check` takes at what is at rest. */
const restPerCheck = 24;
const foldersPerCheck = 200;
/** Every so many checks everything is looked for again: a watcher may miss what came deep in a folder. */
const checksPerSearch = 60;
/** A unit is left alone for so many times as long as its reading took. */
const pauseFactor = 4;

export function createForeignSources(options: ForeignSourceOptions): ForeignSourceIndex {
  const { isKnown, tellSource, onError, now } = options;
  const units = new Map<string, Unit>();
  /** Which unit has a run: one that is there twice is shown once. */
  const owners = new Map<string, Unit>();
  /** Of each folder between a root and its units, when its content last changed; -1: it may have changed since. */
  const folders = new Map<string, { root: RunRoot; at: number | undefined }>();
  /** How many places were found in each root that was looked at, those included that another root has. */
  const looked = new Map<string, number>();
  const controller = new AbortController();
  const { signal } = controller;
  let roots: readonly RunRoot[] = [];
  let turn = 0;
  let work: Promise<void> = Promise.resolve();

  /** One after the other: two looks at once would read everything twice. */
  const inTurn = (action: () => Promise<void>): Promise<void> => {
    work = work.then(async () => {
      if (!signal.aborted) await action();
    });
    work = work.catch((error: unknown) => {
      if (!signal.aborted) onError(error);
    });
    return work;
  };

  const portsOf = (own: () => Unit | undefined): UnitPorts => ({
    now,
    show(summary) {
      const unit = own();
      const owner = owners.get(summary.dir);
      if (!unit || (owner && owner !== unit)) return;
      owners.set(summary.dir, unit);
      options.show(summary);
    },
    forget(dir) {
      if (owners.get(dir) !== own()) return;
      owners.delete(dir);
      options.forget(dir);
    },
  });

  const readUnit = async (unit: Unit): Promise<void> => {
    const before = await stampsOf(unit.files ?? []);
    if (unit.files && unit.rows.isRead(before)) return unit.rows.show();
    if (unit.files && now() < unit.dueAt) return;
    const startedAt = now();
    const reading = await read(unit.source, signal);
    const known = new Set(unit.files);
    const added = await stampsOf(reading.files.filter((file) => !known.has(file)));
    const stamps = new Map(
      reading.files.flatMap((file) => {
        const stamp = before.get(file) ?? added.get(file);
        return stamp ? [[file, stamp] as const] : [];
      }),
    );
    const isNews = unit.files !== undefined || unit.isNews;
    const more = { source: reading.format, sourceLabel: reading.label, root: unit.root.path };
    const rows = reading.runs.flatMap((run) => {
      const groups = pathOf(run.group, reading.groups ?? []);
      const owns = ownershipOf(run, reading.files);
      return rowsOf(run, { ...more, ...(groups.length > 0 && { groups }) }, owns);
    });
    const hasRuns = rows.length > 0;
    const problems = hasRuns ? [] : fewProblems(reading.problems);
    const groups = emptyGroups(reading);
    const isTold = JSON.stringify([unit.problems, unit.groups]) !== JSON.stringify([problems, groups]);
    Object.assign(unit, { files: reading.files, label: reading.label, problems, groups, hasRuns });
    unit.dueAt = now() + (now() - startedAt) * pauseFactor;
    unit.rows.take(stamps, rows, isNews);
    if (isTold) tellSource(unit.source.path);
  };
  const readUnits = async (due: Iterable<Unit>): Promise<void> => {
    const queue = [...due].values();
    const worker = async () => {
      for (const unit of queue) {
        if (signal.aborted) return;
        await readUnit(unit).catch((error: unknown) => {
          if (!signal.aborted) onError(error);
        });
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
  };
  const dropUnit = (key: string, unit: Unit) => {
    units.delete(key);
    unit.rows.drop();
    if (unit.problems.length + unit.groups.length > 0) tellSource(unit.source.path);
  };

  /** What is at and below a root now; gives back what is to be read because it is new. */
  const lookFor = async (root: RunRoot, taken: ReadonlySet<string>): Promise<Set<string>> => {
    const found = new Set<string>();
    const isNews = looked.has(root.path);
    const sources = await find(root.path, signal);
    looked.set(root.path, sources.length);
    for (const source of sources) {
      if (isKnown(source)) continue;
      const key = `${source.format} ${await realpath(source.path).catch(() => source.path)}`;
      if (taken.has(key)) continue;
      found.add(key);
      const known = units.get(key);
      if (known?.root.path === root.path) continue;
      if (known) dropUnit(key, known);
      let unit: Unit | undefined;
      const rows = new ForeignUnit(portsOf(() => unit));
      const unread = { files: undefined, label: "", problems: [], groups: [], hasRuns: false, dueAt: 0 };
      unit = { source, root, rows, ...unread, isNews };
      units.set(key, unit);
    }
    return found;
  };
  /** @param startedAt when the look began: what changed about then is looked at once more. */
  const keepFolders = async (root: RunRoot, startedAt: number) => {
    for (const [path, folder] of folders) if (folder.root.path === root.path) folders.delete(path);
    const between = new Set([root.path]);
    for (const { source, root: own } of units.values()) {
      if (own.path === root.path) for (const path of foldersBetween(root.path, source.path)) between.add(path);
    }
    for (const path of between) {
      const at = await changedAt(path);
      folders.set(path, { root, at: at !== undefined && at > startedAt - settleMs ? -1 : at });
    }
  };
  const lookEverywhere = async (which: readonly RunRoot[]) => {
    const taken = new Set<string>();
    for (const root of roots) {
      if (!which.includes(root)) {
        for (const [key, unit] of units) if (unit.root.path === root.path) taken.add(key);
        continue;
      }
      const startedAt = Date.now();
      const found = await lookFor(root, taken);
      for (const [key, unit] of units) {
        if (unit.root.path === root.path && !found.has(key)) dropUnit(key, unit);
      }
      for (const key of found) taken.add(key);
      await readUnits([...units.values()].filter(({ root: own }) => own.path === root.path));
      await keepFolders(root, startedAt);
      if (root.isAsked) tellSource(root.path);
    }
    // What another place of the same run kept from being shown shows now.
    for (const { rows } of units.values()) if (rows.dirs.some((dir) => !owners.has(dir))) rows.show(true);
  };
  const rootOf = (path: string) => roots.find((root) => isWithin(root.path, path));

  return {
    has: (dir) => owners.has(dir),
    stampOf: (dir) => owners.get(dir)?.rows.stamp,
    async load(dir) {
      const owner = owners.get(dir);
      const reading = owner && (await read(owner.source, signal));
      const found = reading?.runs.find((run) => run.dir === dir);
      const run = found && runOf(found.events);
      if (!reading || !found || !run) throw new Error(`The run in ${dir} is no longer there.`);
      const problems = fewProblems([...found.problems, ...reading.problems]);
      return { run, events: found.events, problems, ...(found.documents && { documents: found.documents }) };
    },
    sources: () => [
      ...[...units.values()].filter(({ problems, groups }) => problems.length + groups.length > 0).map(sourceOf),
      ...roots.filter(({ isAsked }) => isAsked).flatMap(({ path }) => emptyRoot(path, looked.get(path), units)),
    ],
    setRoots: (next) =>
      inTurn(async () => {
        const before = new Map(roots.map((root) => [root.path, root]));
        roots = await distinct(next);
        const now = new Set(roots.map(({ path }) => path));
        for (const path of before.keys()) if (!now.has(path)) looked.delete(path);
        for (const [key, unit] of units) if (!now.has(unit.root.path)) dropUnit(key, unit);
        for (const [path, { root }] of folders) if (!now.has(root.path)) folders.delete(path);
        for (const path of before.keys()) tellSource(path);
        await lookEverywhere(roots);
      }),
    refresh: () => inTurn(() => lookEverywhere(roots)),
    refreshPaths: (paths) =>
      inTurn(async () => {
        const touched = (unit: Unit) => unit.files?.some((file) => paths.has(file)) ?? false;
        await readUnits([...units.values()].filter(touched));
        const rest = [...paths].filter((path) => ![...units.values()].some(({ files }) => files?.includes(path)));
        const due = new Set(rest.flatMap((path) => rootOf(path) ?? []));
        if (due.size > 0) await lookEverywhere([...due]);
      }),
    refreshRun: (dir) =>
      inTurn(async () => {
        const owner = owners.get(dir);
        if (owner) await readUnits([owner]);
      }),
    check: () =>
      inTurn(async () => {
        turn += 1;
        const all = [...units.values()];
        const busy = all.filter(({ rows }) => rows.isBusy);
        const rest = all.filter((unit) => !unit.rows.isBusy);
        await readUnits([...busy, ...slice(rest, restPerCheck, turn)]);
        if (turn % checksPerSearch === 0) return await lookEverywhere(roots);
        const due = new Set<string>();
        for (const [path, { root, at }] of slice([...folders], foldersPerCheck, turn)) {
          if (!due.has(root.path) && (await changedAt(path)) !== at) due.add(root.path);
        }
        if (due.size > 0) await lookEverywhere(roots.filter(({ path }) => due.has(path)));
      }),
    dispose: () => controller.abort(new Error("The index is closed.")),
  };
}

/** The formats are loaded with the first place that may need them. */
async function find(path: string, signal: AbortSignal): Promise<ForeignSource[]> {
  const { findSources } = await import("./deferred");
  return await findSources(path, signal);
}

async function read(source: ForeignSource, signal: AbortSignal): Promise<ForeignReading> {
  const { readSource } = await import("./deferred");
  return await readSource(source, signal);
}

function sourceOf({ source, root, label, problems, groups }: Unit): RunSource {
  return { path: source.path, root: root.path, source: source.format, sourceLabel: label, problems, groups };
}

/** A root that was asked for and has nothing in it says so. */
function emptyRoot(path: string, found: number | undefined, units: ReadonlyMap<string, Unit>): RunSource[] {
  const own = [...units.values()].filter(({ root }) => root.path === path);
  const isSilent = own.every(({ hasRuns, problems, groups }) => !hasRuns && problems.length + groups.length === 0);
  if (found === undefined || !isSilent || found > own.length) return [];
  const reason = "No run that can be read was found here.";
  return [{ path, root: path, problems: [{ file: path, reason }], groups: [] }];
}

/** A group with what it is in, outermost first. */
function pathOf(id: string | undefined, groups: readonly ForeignGroup[]): RunGroup[] {
  const path: ForeignGroup[] = [];
  const byId = (wanted: string | undefined) => groups.find((group) => group.id === wanted);
  for (let at = byId(id); at && !path.includes(at); at = byId(at.parent)) path.unshift(at);
  return path.map(({ id, label, state, documents }) => ({
    id,
    label,
    ...(state !== undefined && { state }),
    documents,
  }));
}

/** The groups that no run is in, nor in a group that is in them. */
function emptyGroups({ groups = [], runs }: ForeignReading): RunGroup[][] {
  const used = new Set(runs.flatMap(({ group }) => pathOf(group, groups).map(({ id }) => id)));
  const parents = new Set(groups.flatMap(({ parent }) => parent ?? []));
  return groups.filter(({ id }) => !used.has(id) && !parents.has(id)).map(({ id }) => pathOf(id, groups));
}

/** A run owns what lies in its folder, or the file that it was read from; where nothing does, all of its unit. */
function ownershipOf({ dir, runId }: ForeignRun, files: readonly string[]): (part: string) => boolean {
  const place = placeOfRun(dir, runId);
  return files.some((file) => isWithin(place, file)) ? (part) => isWithin(place, part) : () => true;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** The root, and each folder from there down to the one that the path is in. */
function foldersBetween(root: string, path: string): string[] {
  const between: string[] = [];
  for (let at = dirname(path); isWithin(root, at); at = dirname(at)) {
    between.push(at);
    if (dirname(at) === at) break;
  }
  return between;
}

async function stampsOf(files: readonly string[]): Promise<Map<string, PartStamp>> {
  const stamps = new Map<string, PartStamp>();
  const queue = files.values();
  const worker = async () => {
    for (const file of queue) {
      const stats = await stat(file).catch(() => undefined);
      if (stats) stamps.set(file, { modifiedAt: stats.mtimeMs, size: stats.isDirectory() ? 0 : stats.size });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return new Map(files.flatMap((file) => (stamps.has(file) ? [[file, stamps.get(file) as PartStamp]] : [])));
}

async function changedAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}

/** The turn's part of a list, so that all of it has had its turn after a while. */
function slice<T>(list: readonly T[], size: number, turn: number): readonly T[] {
  if (list.length <= size) return list;
  const start = (turn * size) % list.length;
  return [...list.slice(start, start + size), ...list.slice(0, Math.max(0, start + size - list.length))];
}

/** The first of those that are the same place. */
async function distinct(roots: readonly RunRoot[]): Promise<RunRoot[]> {
  const found = new Map<string, RunRoot>();
  for (const root of roots) {
    const path = await realpath(root.path).catch(() => root.path);
    const known = found.get(path);
    if (!known) found.set(path, root);
    else if (root.isAsked && !known.isAsked) found.set(path, { ...known, isAsked: true });
  }
  return [...found.values()];
}
