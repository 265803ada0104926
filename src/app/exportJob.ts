/** Writes jobs, or runs of them with their delegates, as another system keeps them: into a folder of their own. */
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, UserError } from "../base/errors";
import type { RunToWrite, WrittenFormatName } from "../formats/format";
import { formats } from "../formats/index";

export interface ExportedRuns {
  runs: number;
  files: number;
}

/**
 * @param runs of one job or several: each job of several has a folder of its own
 * @param folder absolute; it must be new or empty, so that nothing is mixed with what is there
 * Throws `UserError`.
 */
export async function exportRunsAs(
  format: WrittenFormatName,
  runs: readonly RunToWrite[],
  folder: string,
): Promise<ExportedRuns> {
  const write = formats.find(({ name }) => name === format)?.write;
  if (!write) throw new Error(`The format ${format} does not write.`);
  await makeEmpty(folder);
  const jobs = Map.groupBy(runs, ({ events }) => events[0]?.jobId ?? "");
  const names = new Set<string>();
  let files = 0;
  for (const [jobId, ofJob] of jobs) {
    const place = jobs.size === 1 ? folder : join(folder, folderName(jobId, names));
    if (jobs.size > 1) await mkdir(place);
    files += await write(ofJob, place);
  }
  return { runs: runs.length, files };
}

/** Ids come out of files that anyone may have written: none leads elsewhere, and no two are one. */
function folderName(jobId: string, taken: Set<string>): string {
  const plain = jobId
    .replace(/[^\p{L}\p{N}_-]+/gu, "-")
    .slice(0, 100)
    .toLowerCase();
  const wanted = /[\p{L}\p{N}_]/u.test(plain) ? plain : "job";
  let name = wanted;
  for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`;
  taken.add(name);
  return name;
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
