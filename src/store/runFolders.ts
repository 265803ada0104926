/** Walks the run folders of a workspace: ids that cannot be a folder's name, and links, are passed over. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { codeOf } from "../base/errors";
import { layout } from "./layout";

export interface RunPlace {
  dir: string;
  jobId: string;
  runId: string;
}

/** Throws only what is not "no such folder" or "no permission". */
export async function listRunFolders(root: string): Promise<RunPlace[]> {
  const places: RunPlace[] = [];
  for (const jobId of await foldersIn(layout.jobs(root))) {
    for (const runId of await foldersIn(`${layout.job(root, jobId)}/runs`)) {
      places.push({ dir: layout.run(root, jobId, runId), jobId, runId });
    }
  }
  return places;
}

async function foldersIn(path: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(codeOf(error) ?? "")) return [];
    throw error;
  }
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
