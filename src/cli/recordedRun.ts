/** A recorded run that a command is about: where it lies, and the definition it is run with again. */
import { resolve } from "node:path";
import type { App } from "../app/app";
import { requireDefinitionUpward } from "../app/findDefinitions";
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
  { definitionPath }: RunSummary,
  { config }: { config?: string },
  root: string,
  { cwd }: CliIo,
): Promise<string> {
  if (config !== undefined) return await definitionPathOf(config, cwd);
  return definitionPath ?? (await requireDefinitionUpward(root));
}

/** A run that goes on in place keeps its definition: another one would not be heard. Throws `UserError`. */
export function checkSameDefinition(
  { runId, definitionPath }: RunSummary,
  { config }: { config?: string },
  { cwd }: CliIo,
): void {
  if (config === undefined || definitionPath === undefined || resolve(cwd, config) === definitionPath) return;
  throw new UserError(
    `The run ${runId} goes on with the definition it began with, ${definitionPath}. “runtrail fork ${runId} --config …” goes on with another.`,
  );
}
