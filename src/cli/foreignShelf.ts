/** The runs of other systems at a path: listed once; those that memory has no room for are read again when they are looked at. */
import { stat } from "node:fs/promises";
import { sep } from "node:path";
import { type ForeignReading, type ForeignSource, readSource } from "../app/readForeign";
import type { LoadedRun, RunProblem, RunSummary } from "../app/runIndex";
import { summarizeRun } from "../app/summarizeRun";
import type { ForeignRun } from "../formats/format";
import { formats } from "../formats/index";
import { openFolderTree } from "../formats/walkFiles";
import { runOf } from "../model/run";

export interface ForeignShelf {
  runs: RunSummary[];
  /** Of files that are no run's. */
  problems: RunProblem[];
  /** The names of the formats that found something there, in the order of the formats. */
  sources: string[];
  has(run: RunSummary): boolean;
  load(run: RunSummary): Promise<LoadedRun>;
}

/** Places read side by side. */
const width = 8;
/** Events kept in memory between listing and looking. */
const keptEvents = 200_000;
/** A folder of more places than this is read place by place, so that not all of it is in memory at once. */
const readAtOnce = 500;

/** Never throws for what is there; where nothing can be read, there is nothing in it. */
export async function readForeignShelf(place: string): Promise<ForeignShelf> {
  const sources = await sourcesAt(place);
  const sourceOf = new Map<RunSummary, ForeignSource>();
  const kept = new Map<RunSummary, LoadedRun>();
  const rows: RunSummary[][] = sources.map(() => []);
  const problems: RunProblem[][] = sources.map(() => []);
  let room = keptEvents;
  const readOne = async (source: ForeignSource, index: number) => {
    const reading = await readSource(source);
    problems[index] = reading.problems;
    for (const foreign of reading.runs) {
      const content = contentOf(foreign);
      if (!content) continue;
      const summary = summarize(content, foreign, reading);
      rows[index]?.push(summary);
      sourceOf.set(summary, source);
      room -= content.events.length;
      if (room >= 0) kept.set(summary, content);
    }
  };
  const queue = sources.entries();
  const worker = async () => {
    for (const [index, source] of queue) await readOne(source, index);
  };
  await Promise.all(Array.from({ length: width }, worker));
  let last: { source: ForeignSource; reading: ForeignReading } | undefined;
  return {
    runs: withoutDoubles(rows.flat()),
    problems: problems.flat(),
    sources: formats.map(({ name }) => name).filter((name) => sources.some(({ format }) => format === name)),
    has: (run) => sourceOf.has(run),
    async load(run) {
      const known = kept.get(run);
      if (known) return known;
      const source = sourceOf.get(run);
      if (!source) throw new Error(`The run ${run.runId} is not of this shelf.`);
      // Neighbours in a list are often of one place.
      if (last?.source !== source) last = { source, reading: await readSource(source) };
      const found = last.reading.runs.find(({ dir, runId }) => dir === run.dir && runId === run.runId);
      const content = found && contentOf(found);
      if (!content) throw new Error(`The run ${run.runId} is no longer in ${run.dir}.`);
      return content;
    },
  };
}

/** What each format reads: the path itself where it knows it, else what it finds below. A file has one author. */
async function sourcesAt(place: string): Promise<ForeignSource[]> {
  const isFolder = (await stat(place)).isDirectory();
  const sources: ForeignSource[] = [];
  const tree = openFolderTree();
  for (const { name: format, accepts, find } of formats) {
    const isKnown = await accepts(place);
    if (!isFolder && isKnown) return [{ format, path: place }];
    if (!isFolder) continue;
    const found = await find(place, undefined, tree);
    // A folder that is only a part of what is read on its own, such as one run of a job, is read as that part.
    const isWhole = found.every((path) => path !== place && path.startsWith(place.endsWith(sep) ? place : place + sep));
    const atOnce = isKnown && !(isWhole && found.length > readAtOnce);
    sources.push(...(atOnce ? [place] : isWhole ? found : []).map((path) => ({ format, path })));
  }
  return sources;
}

function contentOf({ events, problems, documents, base }: ForeignRun): LoadedRun | undefined {
  const run = runOf(events);
  return run && { run, events, problems, ...(documents && { documents }), ...(base && { base }) };
}

function summarize(
  { run }: LoadedRun,
  { dir, group }: ForeignRun,
  { format, groups = [] }: ForeignReading,
): RunSummary {
  // Nobody is known to go on with it.
  const status = run.status === "running" ? "unknown" : run.status;
  const chain: typeof groups = [];
  for (let id = group; id !== undefined && chain.length < 16; id = chain[0]?.parent) {
    const found = groups.find((each) => each.id === id);
    if (!found || chain.includes(found)) break;
    chain.unshift(found);
  }
  return {
    ...summarizeRun(run, { dir, isHere: false, status }),
    source: format,
    ...(chain.length > 0 && { groups: chain }),
  };
}

/** A place may be found from two sides. */
function withoutDoubles(runs: readonly RunSummary[]): RunSummary[] {
  const seen = new Set<string>();
  return runs.filter(({ source, dir, jobId, runId }) => {
    const key = JSON.stringify([source, dir, jobId, runId]);
    return !seen.has(key) && seen.add(key);
  });
}
