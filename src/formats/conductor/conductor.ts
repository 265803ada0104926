/** Conductor Loop's format: a root of projects, a project, a task, a run, and runs of the shell scripts before it. */

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { ForeignGroup, ForeignRuns, Format, FormatProblem } from "../format";
import { oldestFirst } from "../oldestFirst";
import { openConductorSink } from "./conductorSink";
import { findUnits, placeOf } from "./places";
import { readLoneRun, readTask, type UnitReading } from "./readTask";
import { Surroundings } from "./surroundings";
import { writeConductor } from "./writeConductor";

export const conductor: Format = {
  name: "conductor",
  label: "Conductor Loop",
  async accepts(path) {
    return (await placeOf(path)).units.length > 0;
  },
  async find(folder, signal) {
    signal?.throwIfAborted();
    return (await findUnits(folder, signal)).map(({ path }) => path).sort();
  },
  async read(path, signal) {
    signal?.throwIfAborted();
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isDirectory()) {
      const reason = stats ? "Not a folder." : "There is no such folder.";
      return { source: path, runs: [], problems: [{ file: path, reason }], files: [path] };
    }
    return await readUnits(path, signal);
  },
  write: writeConductor,
  openSink: async (folder) => openConductorSink(folder, process.pid),
};

async function readUnits(path: string, signal: AbortSignal | undefined): Promise<ForeignRuns> {
  const { units, run } = await placeOf(path, signal);
  const surroundings = new Map<string, Surroundings>();
  const readings: UnitReading[] = [];
  for (const unit of units) {
    signal?.throwIfAborted();
    if (unit.kind === "run") {
      readings.push(await readLoneRun(unit.path, signal));
      continue;
    }
    const root = dirname(dirname(unit.path));
    const around = surroundings.get(root) ?? new Surroundings(root, signal);
    surroundings.set(root, around);
    readings.push(await readTask(unit.path, around, run, signal));
  }
  const around = [...surroundings.values()];
  return {
    source: path,
    runs: oldestFirst(readings.flatMap(({ runs }) => runs)),
    problems: [...around, ...readings].flatMap(({ problems }): readonly FormatProblem[] => problems),
    groups: onceEach(readings.flatMap(({ groups }) => groups)),
    files: [...new Set([path, ...around.flatMap(({ files }) => files), ...readings.flatMap(({ files }) => files)])],
  };
}

function onceEach(groups: readonly ForeignGroup[]): ForeignGroup[] {
  return [...new Map(groups.map((group) => [group.id, group])).values()];
}
