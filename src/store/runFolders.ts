/** Walks the run folders of a workspace: what is no folder, links included, and what is about to be deleted is passed over. */
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
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
  for (const jobDir of await listJobFolders(root)) places.push(...(await listRunsOfJob(jobDir)));
  return places;
}

export async function listJobFolders(root: string): Promise<string[]> {
  const jobs = layout.jobs(root);
  // Joining paths looks at each anew.
  return (await foldersIn(jobs)).map((jobId) => jobs + sep + jobId);
}

/** The jobs that a path is about: of a workspace, of its folder of jobs, a job's own folder, or that of one of its runs. */
export async function jobFoldersAt(path: string): Promise<string[]> {
  const place = /^(?<root>.*)[\\/]perstack[\\/]jobs(?:[\\/](?<job>[^\\/]+)(?:[\\/]runs[\\/][^\\/]+)?)?$/u.exec(
    path,
  )?.groups;
  const { root = path, job } = place ?? {};
  return job === undefined ? await listJobFolders(root) : [layout.job(root, job)];
}

/** What a path is about: everything, a job, or a run. */
export type Place = { kind: "all" } | { kind: "job"; jobDir: string } | { kind: "run"; dir: string };

export function placeAt(path: string): Place {
  if (/[\\/]perstack(?:[\\/]jobs)?$/u.test(path)) return { kind: "all" };
  const jobDir = /^(?<jobDir>.*[\\/]perstack[\\/]jobs[\\/][^\\/]+)(?:[\\/]runs)?$/u.exec(path)?.groups?.jobDir;
  return jobDir === undefined ? { kind: "run", dir: path } : { kind: "job", jobDir };
}

/** `…/jobs/{jobId}` of `…/jobs/{jobId}/runs/{runId}`. */
export function jobDirOf(runDir: string): string {
  return dirname(dirname(runDir));
}

/** The same for one job. */
export async function listRunsOfJob(jobDir: string): Promise<RunPlace[]> {
  const runs = join(jobDir, "runs");
  const jobId = basename(jobDir);
  return (await foldersIn(runs)).map((runId) => ({ dir: join(runs, runId), jobId, runId }));
}

async function foldersIn(path: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(codeOf(error) ?? "")) return [];
    throw error;
  }
  return entries.filter(isFolderOfId).map((entry) => entry.name);
}

/** No id begins with a dot; see `removeFolder` for what does. */
export function isFolderOfId(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith(".");
}
