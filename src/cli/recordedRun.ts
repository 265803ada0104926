/** A recorded run that a command is about: where it lies, and the definition it is run with again. */
import { realpath } from "node:fs/promises";
import type { App } from "../app/app";
import { definitionFor } from "../app/planGoingOn";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import type { CliIo } from "./cliIo";
import { findRun } from "./findRuns";
import { definitionPathOf } from "./runOptions";
import { workspaceRootOf } from "./workspaceRoot";

export interface RecordedPlace {
  root: string;
  run: RunSummary;
}

/** @param id of the run, or its beginning. Throws `UserError` where there is none. */
export async function findRecorded(
  app: App,
  id: string,
  { workspace }: { workspace?: string },
  { cwd }: CliIo,
): Promise<RecordedPlace> {
  const root = workspaceRootOf(cwd, workspace);
  app.setFolders([root]);
  await app.runs.refresh();
  return { root, run: findRun(app.runs.list(), id, root) };
}

/** The one that is named, else the run's own, else the nearest. Throws `UserError`. */
export async function definitionOf(
  run: RunSummary,
  { config }: { config?: string },
  root: string,
  { cwd }: CliIo,
): Promise<string> {
  return config === undefined ? await definitionFor(run, root) : await definitionPathOf(config, cwd);
}

/** One that goes on in its own journal keeps its definition, as long as that is there. Throws `UserError`. */
export async function definitionInPlace(
  run: RunSummary,
  options: { config?: string },
  root: string,
  io: CliIo,
): Promise<string> {
  const own = await definitionFor(run, root);
  const named = await definitionOf(run, options, root, io);
  if (own !== run.definitionPath || (await realpath(named).catch(() => named)) === (await realpath(own))) return named;
  throw new UserError(
    `The run ${run.runId} goes on with the definition it began with, ${own}. “runtrail fork ${run.runId} --config …” goes on with another.`,
  );
}
