/** Perstack's format: job folders, alone or in their workspace, and the event stream that `perstack run` prints. */
import { open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parseJson } from "../../base/lines";
import { parseEvent, type RunEvent } from "../../model/events";
import type { ForeignRun, ForeignRuns, Format, FormatProblem } from "../format";
import { documentedPayloads, PerstackEnvelope, perstackPayloads } from "./perstackEvent";
import { eventFile, filesIn, foldersIn, type PerstackRecord, readEventStream } from "./perstackRecord";
import { readJobFolder } from "./readJobFolder";
import { translateJob } from "./translateJob";
import { writePerstackJob } from "./writePerstackJob";

export const perstack: Format = {
  name: "perstack",
  label: "Perstack",
  async accepts(path) {
    const place = await placeOf(path);
    return place.kind === "file" ? await beginsLikeStream(path) : place.jobs.length > 0;
  },
  async find(folder, signal) {
    signal?.throwIfAborted();
    const place = await placeOf(folder);
    return place.kind === "folder" ? place.jobs : [];
  },
  async read(path, signal) {
    signal?.throwIfAborted();
    const place = await placeOf(path);
    if (place.kind === "file") return await readStream(path);
    const runs: ForeignRun[] = [];
    const problems: FormatProblem[] = [];
    const files = [path, ...place.jobs];
    for (const jobDir of place.jobs) {
      const job = await readJobFolder(jobDir, signal);
      runs.push(...job.runs.filter(({ sourceRunIds }) => !place.runId || sourceRunIds.includes(place.runId)));
      problems.push(...job.problems);
    }
    return { source: path, runs: byStart(runs), problems, files };
  },
  write: writePerstackJob,
};

type Place = { kind: "file" } | { kind: "folder"; jobs: string[]; runId?: string };

/** A run folder, a job folder, the folder of all jobs, or a workspace. */
async function placeOf(path: string): Promise<Place> {
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isDirectory()) return { kind: "file" };
  if (basename(dirname(path)) === "runs" && (await isRunFolder(path))) {
    return { kind: "folder", jobs: [dirname(dirname(path))], runId: basename(path) };
  }
  if (await isJobFolder(path)) return { kind: "folder", jobs: [path] };
  const inside = await jobsIn(join(path, "perstack", "jobs"));
  return { kind: "folder", jobs: inside.length > 0 ? inside : await jobsIn(path) };
}

async function jobsIn(folder: string): Promise<string[]> {
  const jobs: string[] = [];
  for (const name of (await foldersIn(folder)).sort()) {
    if (await isJobFolder(join(folder, name))) jobs.push(join(folder, name));
  }
  return jobs;
}

/** With something of Perstack's in it: a job of ours has journals. */
async function isJobFolder(path: string): Promise<boolean> {
  for (const name of await foldersIn(join(path, "runs"))) {
    if (await isRunFolder(join(path, "runs", name))) return true;
  }
  return (await filesIn(join(path, "checkpoints"))).some((name) => name.endsWith(".json"));
}

async function isRunFolder(path: string): Promise<boolean> {
  const files = await filesIn(path);
  if (files.includes("events.jsonl")) return false;
  return files.some((name) => eventFile.test(name) || /^checkpoint-.*\.json$/u.test(name));
}

/** More than the first lines of any stream. */
const headBytes = 64 * 1024;

async function beginsLikeStream(path: string): Promise<boolean> {
  const head = await readHead(path);
  const first = head?.split("\n", 20).find((line) => line.trim().startsWith("{"));
  if (first === undefined) return false;
  // A first line longer than the head is cut: its type still stands at its beginning.
  const type = /^\s*\{\s*"type"\s*:\s*"(?<type>\w+)"/u.exec(first)?.groups?.type;
  const value = parseJson(first);
  if (value === undefined) return head?.length === headBytes && type !== undefined && isPerstackType(type);
  if (!PerstackEnvelope.safeParse(value).success || "event" in parseOwn(value)) return false;
  return typeof value === "object" && value !== null && "type" in value && isPerstackType(String(value.type));
}

async function readHead(path: string): Promise<string | undefined> {
  try {
    const handle = await open(path, "r");
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

function isPerstackType(type: string): boolean {
  return Object.hasOwn(perstackPayloads, type) || Object.hasOwn(documentedPayloads, type);
}

/** An event of ours has a place in its run; Perstack's have none. */
function parseOwn(value: unknown): ReturnType<typeof parseEvent> {
  const isOurs = typeof value === "object" && value !== null && "seq" in value;
  return isOurs ? parseEvent(value) : { problem: "not ours" };
}

/** A stream may hold several jobs, and events of ours as well: they have the names of Perstack's documentation. */
async function readStream(file: string): Promise<ForeignRuns> {
  const own = new Map<string, RunEvent[]>();
  const { records, problems } = await readEventStream(file, (value) => {
    const parsed = parseOwn(value);
    if (!("event" in parsed)) return false;
    addTo(own, `${parsed.event.jobId} ${parsed.event.runId}`, parsed.event);
    return true;
  });
  const runs = [...own.values()].map((events) => runOfOurs(file, events));
  const jobs = new Map<string, PerstackRecord[]>();
  for (const record of records) addTo(jobs, record.event.jobId, record);
  for (const [jobId, ofJob] of jobs) {
    const job = { jobId, records: ofJob, problems: [], settings: new Map(), dirOf: () => file };
    runs.push(...translateJob(job).runs);
  }
  const named = runs.length === 1 ? runs : runs.map((run) => ({ ...run, dir: `${file}#${run.runId}` }));
  return { source: file, runs: byStart(named), problems, files: [file] };
}

function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function runOfOurs(file: string, events: RunEvent[]): ForeignRun {
  const { jobId = "", runId = "" } = events[0] ?? {};
  const checkpointIds = events.flatMap((event) =>
    "checkpointId" in event && event.checkpointId !== undefined ? [event.checkpointId] : [],
  );
  return { dir: file, jobId, runId, events, sourceRunIds: [runId], checkpointIds, problems: [] };
}

function byStart(runs: readonly ForeignRun[]): ForeignRun[] {
  const startOf = ({ events }: ForeignRun) => events[0]?.timestamp ?? 0;
  return [...runs].sort((a, b) => startOf(a) - startOf(b));
}
