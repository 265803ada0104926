/** The runs of other systems, wherever they lie, through the formats that know them. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { ForeignRun, ForeignRuns, FormatName } from "../formats/format";
import { formats } from "../formats/index";
import { perstack } from "../formats/perstack/perstack";
import { openFolderTree } from "../formats/walkFiles";

export interface ForeignSource {
  format: FormatName;
  /** A place that its format reads on its own. */
  path: string;
}

export interface ForeignReading extends ForeignRuns {
  format: FormatName;
  /** Of the format, for a person. */
  label: string;
}

/** The places at and below a path that are read on their own: where something changes, the rest need not be read again. */
export async function findSources(path: string, signal?: AbortSignal): Promise<ForeignSource[]> {
  const stats = await stat(path).catch(() => undefined);
  const sources: ForeignSource[] = [];
  const tree = openFolderTree();
  for (const { name: format, accepts, find } of formats) {
    if (stats?.isDirectory()) sources.push(...(await find(path, signal, tree)).map((each) => ({ format, path: each })));
    else if (await accepts(path)) return [{ format, path }];
  }
  return sources;
}

/** Throws where the signal is aborted. */
export async function readSource({ format, path }: ForeignSource, signal?: AbortSignal): Promise<ForeignReading> {
  const reader = formats.find(({ name }) => name === format);
  if (!reader) throw new Error(`There is no format ${format}.`);
  return { ...(await reader.read(path, signal)), format, label: reader.label };
}

/** Perstack's runs in a job folder; `undefined` where there are none. */
export async function readForeignJob(jobDir: string): Promise<ForeignReading | undefined> {
  const { name, label } = perstack;
  return (await perstack.accepts(jobDir)) ? { ...(await perstack.read(jobDir)), format: name, label } : undefined;
}

/** One run of Perstack's, by the folder that the index shows it with. */
export async function readForeignRun(dir: string): Promise<ForeignRun | undefined> {
  return (await readForeignJob(dirname(dirname(dir))))?.runs.find((run) => run.dir === dir);
}
