/** Writes a job, or one run of it with its delegates, as another system keeps them: into a folder of its own. */
import { mkdir, readdir } from "node:fs/promises";
import { codeOf, UserError } from "../base/errors";
import type { Format } from "../formats/format";
import { formats } from "../formats/index";
import { readJobRuns } from "./jobRuns";
import type { RunProblem, RunSummary } from "./runIndex";

export interface ExportedJob {
  runs: number;
  files: number;
  /** Of runs that could not be read. */
  problems: readonly RunProblem[];
}

/** The names of those that can be written. */
export const exportFormats: readonly Format["name"][] = formats.flatMap(({ name, write }) => (write ? [name] : []));

/**
 * @param runs of one job
 * @param folder absolute; it must be new or empty, so that nothing is mixed with what is there
 * Throws `UserError`.
 */
export async function exportJob(
  runs: readonly RunSummary[],
  format: Format["name"],
  folder: string,
): Promise<ExportedJob> {
  const writer = formats.find(({ name }) => name === format);
  if (!writer?.write)
    throw new UserError(`Runs cannot be written as “${format}”. They can as: ${exportFormats.join(", ")}.`);
  await makeEmpty(folder);
  const read = await readJobRuns(runs.map(({ dir }) => dir));
  if (read.runs.length === 0) throw new UserError(`Nothing can be read: ${read.problems[0]?.reason ?? "no run"}`);
  const files = await writer.write(read.runs, folder);
  return { runs: read.runs.length, files, problems: read.problems };
}

async function makeEmpty(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOTDIR") throw new UserError(`${folder} is not a folder.`);
    throw new UserError(`The folder ${folder} cannot be made (${codeOf(error)}). Choose another one.`);
  }
  throw new UserError(`The folder ${folder} is not empty. Name a new one: what is exported lies in it alone.`);
}
