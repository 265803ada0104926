/** Where Perstack's runs lie: job folders, and the streams that `perstack run` printed; told by names and beginnings. */

import { opendir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseJson } from "../../base/lines";
import { isFolder } from "../isFolder";
import { readHead } from "../readHead";
import type { SourceFiles } from "../sourceFiles";
import { documentedPayloads, PerstackEnvelope, perstackPayloads } from "./perstackEvent";
import { eventFile, filesIn, foldersIn } from "./perstackRecord";

export type Place = { kind: "file" } | { kind: "folder"; jobs: string[]; runId?: string };

/** A run folder, a job folder, the folder of all jobs, or a workspace. */
export async function placeOf(source: SourceFiles, path: string): Promise<Place> {
  if (!(await isFolder(path))) return { kind: "file" };
  if (basename(dirname(path)) === "runs" && (await isRunFolder(source, path))) {
    return { kind: "folder", jobs: [dirname(dirname(path))], runId: basename(path) };
  }
  if (await isJobFolder(source, path)) return { kind: "folder", jobs: [path] };
  const inside = await jobsIn(source, join(path, "perstack", "jobs"));
  return { kind: "folder", jobs: inside.length > 0 ? inside : await jobsIn(source, path) };
}

async function jobsIn(source: SourceFiles, folder: string): Promise<string[]> {
  const jobs: string[] = [];
  for (const name of await foldersIn(source, folder)) {
    if (await isJobFolder(source, join(folder, name))) jobs.push(join(folder, name));
  }
  return jobs;
}

/** With something of Perstack's in it: a job of ours has journals. */
async function isJobFolder(source: SourceFiles, path: string): Promise<boolean> {
  for (const name of await foldersIn(source, join(path, "runs"))) {
    if (await isRunFolder(source, join(path, "runs", name))) return true;
  }
  return (await filesIn(source, join(path, "checkpoints"))).some((name) => name.endsWith(".json"));
}

async function isRunFolder(source: SourceFiles, path: string): Promise<boolean> {
  const files = await filesIn(source, path);
  if (files.includes("events.jsonl")) return false;
  return files.some((name) => eventFile.test(name) || /^checkpoint-.*\.json$/u.test(name));
}

const mostLevels = 5;
const mostEntries = 10_000;
const mostStreams = 500;
const passedOver = new Set(["node_modules", ".git"]);

/** Job folders, and the streams of other jobs than those. */
export async function findPlaces(source: SourceFiles, root: string): Promise<string[]> {
  const place = await placeOf(source, root);
  if (place.kind === "file") return [];
  const jobs = new Set(place.jobs);
  const logs: string[] = [];
  let folders = place.runId === undefined && !jobs.has(root) ? [root] : [];
  let seen = 0;
  for (let level = 0; level <= mostLevels && folders.length > 0; level += 1) {
    const below: string[] = [];
    for (const folder of folders) {
      const entries = await entriesOf(folder, mostEntries - seen);
      seen += entries.length;
      for (const { name, kind } of entries) {
        source.check();
        const path = join(folder, name);
        if (kind === "file" && /\.(?:jsonl|ndjson)$/u.test(name)) logs.push(path);
        if (kind !== "folder" || passedOver.has(name) || isOwnExport(path)) continue;
        const mayBeJob = basename(folder) === "jobs";
        if (mayBeJob && (jobs.has(path) || (await isJobFolder(source, path)))) jobs.add(path);
        else if (!jobs.has(path) && !(mayBeJob && basename(dirname(folder)) === "perstack")) below.push(path);
      }
    }
    folders = below;
  }
  const known = new Set([...jobs].map((job) => basename(job)));
  const streams: string[] = [];
  for (const file of logs.slice(0, mostStreams)) {
    source.check();
    const jobId = await jobOfStream(file);
    if (jobId !== undefined && !known.has(jobId)) streams.push(file);
  }
  return [...jobs, ...streams].sort();
}

/** Where our own exports lie. */
function isOwnExport(folder: string): boolean {
  return basename(folder) === "exports" && basename(dirname(folder)) === "perstack";
}

async function entriesOf(folder: string, most: number): Promise<{ name: string; kind: "file" | "folder" }[]> {
  const entries: { name: string; kind: "file" | "folder" }[] = [];
  try {
    for await (const entry of await opendir(folder)) {
      if (entries.length >= most) break;
      if (entry.isFile() || entry.isDirectory()) {
        entries.push({ name: entry.name, kind: entry.isFile() ? "file" : "folder" });
      }
    }
  } catch {
    // What cannot be read is not found.
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const headBytes = 64 * 1024;

/** The job that the first event of a stream is of, "" where it does not tell; `undefined` where it is no such stream. */
export async function jobOfStream(path: string): Promise<string | undefined> {
  const head = await readHead(path, headBytes);
  const lines = head?.split("\n", 20).map((line) => line.trim()) ?? [];
  const at = lines.findIndex((line) => line.startsWith("{"));
  const first = lines[at];
  if (head === undefined || first === undefined) return undefined;
  const value = parseJson(first);
  if (value === undefined) {
    // A first line longer than the head is cut: its type still stands at its beginning.
    const type = /^\{\s*"type"\s*:\s*"(?<type>\w+)"/u.exec(first)?.groups?.type;
    const isCut = at === lines.length - 1 && Buffer.byteLength(head) >= headBytes;
    return isCut && type !== undefined && isPerstackType(type) ? "" : undefined;
  }
  const envelope = PerstackEnvelope.safeParse(value);
  // An event of ours has a place in its run; Perstack's have none.
  if (!envelope.success || typeof value !== "object" || value === null || "seq" in value) return undefined;
  return "type" in value && isPerstackType(String(value.type)) ? envelope.data.jobId : undefined;
}

function isPerstackType(type: string): boolean {
  return Object.hasOwn(perstackPayloads, type) || Object.hasOwn(documentedPayloads, type);
}
