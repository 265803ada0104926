/** The runs of an expert: its last one, and what it was asked before. */
import * as path from "node:path";
import type { RunSummary } from "../../app/runIndex";

const keptQueries = 20;

/** @param runs newest first. Runs that another run delegated count as well. */
export function lastRunOf(runs: readonly RunSummary[], file: string, key: string): RunSummary | undefined {
  return runs.find((run) => isOf(run, file, key));
}

/** What the user asked, without repetition, newest first. */
export function queriesOf(runs: readonly RunSummary[], file: string, key: string): string[] {
  const asked = runs.filter((run) => run.parentRunId === undefined && isOf(run, file, key));
  return [...new Set(asked.map(({ query }) => query.trim()).filter((query) => query !== ""))].slice(0, keptQueries);
}

/** A run that does not say where it was defined may be of any file; not one that was only opened to be looked at. */
function isOf({ expertKey, definitionPath, root }: RunSummary, file: string, key: string): boolean {
  return (
    root === undefined &&
    expertKey === key &&
    (definitionPath === undefined || path.normalize(definitionPath) === path.normalize(file))
  );
}
