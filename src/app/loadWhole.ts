/** All steps and events of a run, however long it is: for what is looked for by its name. */
import { runOf } from "../model/run";
import { layout } from "../store/layout";
import { readJournal } from "../store/readJournal";
import type { LoadedRun, RunIndex } from "./runIndex";

export async function loadWhole(runs: RunIndex, dir: string): Promise<Pick<LoadedRun, "run" | "events">> {
  const loaded = await runs.load(dir);
  if (!loaded.part) return loaded;
  const { events } = await readJournal(layout.journal(dir));
  return { run: runOf(events) ?? loaded.run, events };
}
