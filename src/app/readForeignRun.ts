/** One run of another system, by what the index knows it by. */
import { stat } from "node:fs/promises";
import { dirname, sep } from "node:path";
import { formats } from "../formats/index";
import type { RunEvent } from "../model/events";
import { type ForeignReading, readSource } from "./readForeign";

export interface KnownForeignRun {
  dir: string;
  source?: string | undefined;
  runId?: string | undefined;
}

export interface ForeignRunReader {
  /** `undefined` where it is not there any more. Throws only where the signal is aborted. */
  read(run: KnownForeignRun): Promise<readonly RunEvent[] | undefined>;
}

/** What is read on its own may lie so many folders above the run. */
const mostLevels = 2;

/** Neighbours are often read together: the last reading is kept. */
export function openForeignRunReader(signal?: AbortSignal): ForeignRunReader {
  let last: ForeignReading | undefined;
  const eventsIn = ({ runs }: ForeignReading, { dir, runId }: KnownForeignRun) =>
    runs.find((run) => run.dir === dir && (runId === undefined || run.runId === runId))?.events;
  return {
    async read(run) {
      const known = last?.format === run.source && last && eventsIn(last, run);
      if (known) return known;
      const format = formats.find(({ name }) => name === run.source);
      if (!format) return undefined;
      // Of a file with several runs, each has its id behind the path.
      const suffix = `#${run.runId}`;
      const path = run.dir.endsWith(suffix) ? run.dir.slice(0, -suffix.length) : run.dir;
      let place = path;
      for (let level = 0; level <= mostLevels; level += 1, place = dirname(place)) {
        const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
        const found = isFolder ? await format.find(place, signal) : (await format.accepts(place)) ? [place] : [];
        const source = found.find((each) => each === path || path.startsWith(each + sep));
        if (source === undefined) continue;
        last = await readSource({ format: format.name, path: source }, signal);
        const events = eventsIn(last, run);
        if (events) return events;
      }
      return undefined;
    },
  };
}
