/** How a job on disk stands: when it was last heard of, and whether it runs, waits or has failed. */
import { lstat, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { endsRun } from "../model/eventKinds";
import type { RunEvent } from "../model/events";
import { isSidecar } from "./indexSidecar";
import { readJobRecord } from "./jobRecord";
import { layout } from "./layout";
import { stateOf } from "./processOwner";
import { readEnds } from "./readJournal";
import { listRunsOfJob, type RunPlace } from "./runFolders";
import { type RunInfo, readRunInfo } from "./runInfo";

export interface JobStanding {
  runIds: string[];
  /** Unix ms. */
  lastActivity: number;
  /** "failed": its newest run, delegates aside · "waiting": one of its runs waits for an answer. */
  state: "running" | "waiting" | "failed" | "ended";
  /** Of its first run, where they are known. */
  expertKey?: string;
  query?: string;
}

interface RunStanding extends Omit<JobStanding, "runIds"> {
  startedAt: number;
  isDelegate: boolean;
}

/** Reads any job, ours or Perstack's, whole or damaged. Throws where the folder cannot be looked into. */
export async function readJobStanding(jobDir: string, now: number): Promise<JobStanding> {
  const places = await listRunsOfJob(jobDir);
  const runs = await Promise.all(places.map(({ dir }) => readRunStanding(dir, now)));
  const known = runs.filter((run) => run !== undefined).sort((a, b) => a.startedAt - b.startedAt);
  const runIds = places.map(({ runId }) => runId);
  // Perstack's runs have no record of their own, nor has what is damaged: the names of the files and their times tell.
  if (known.length < runs.length || known.length === 0) {
    const { newest } = await measureFolder(jobDir);
    known.push({
      lastActivity: newest,
      startedAt: newest,
      state: await stateByFiles(jobDir, places),
      isDelegate: false,
    });
  }
  const first = known[0];
  return {
    runIds,
    lastActivity: Math.max(...known.map(({ lastActivity }) => lastActivity)),
    state: stateOfJob(known),
    ...(first?.expertKey !== undefined && { expertKey: first.expertKey }),
    ...(first?.query !== undefined && { query: first.query }),
  };
}

function stateOfJob(runs: readonly RunStanding[]): JobStanding["state"] {
  if (runs.some(({ state }) => state === "running")) return "running";
  if (runs.some(({ state }) => state === "waiting")) return "waiting";
  const newest = runs.findLast(({ isDelegate }) => !isDelegate) ?? runs.at(-1);
  return newest?.state === "failed" ? "failed" : "ended";
}

/** `undefined` where nothing of ours is in the folder. */
async function readRunStanding(dir: string, now: number): Promise<RunStanding | undefined> {
  const info = await readRunInfo(dir);
  if (info) return await standingOf(info, dir, now);
  const { first, last } = await readEnds(layout.journal(dir));
  if (!first || !last) return undefined;
  const { newest } = await measureFolder(dir);
  const start = first.type === "startRun" ? first : undefined;
  return {
    lastActivity: Math.max(newest, endsRun(last) ? last.timestamp : 0),
    startedAt: first.timestamp,
    state: stateAfter(last),
    isDelegate: start?.parent !== undefined,
    ...{ expertKey: first.expertKey, query: start?.query ?? "" },
  };
}

async function standingOf(info: RunInfo, dir: string, now: number): Promise<RunStanding> {
  const about = { isDelegate: info.parent_run_id !== undefined, expertKey: info.expert_key, query: info.query };
  const ended = Date.parse(info.end_time ?? "");
  const lastActivity = info.status === "running" || Number.isNaN(ended) ? (await measureFolder(dir)).newest : ended;
  const startedAt = Date.parse(info.start_time) || lastActivity;
  if (info.status === "running") {
    const owner = await stateOf(info);
    // Of another machine nothing can be said; but a run that lives writes something in a day.
    const isRunning = owner === "alive" || (owner === "elsewhere" && now - lastActivity < day);
    return { ...about, lastActivity, startedAt, state: isRunning ? "running" : "failed" };
  }
  const state = info.stop_reason === "input" ? "waiting" : info.exit_code === 1 ? "failed" : "ended";
  return { ...about, lastActivity, startedAt, state };
}

const day = 86_400_000;

/** By `job.json`, which Perstack's library writes, else by the last event, which its terminal has as `event-{time}-{step}-{type}`. */
async function stateByFiles(jobDir: string, runs: readonly RunPlace[]): Promise<RunStanding["state"]> {
  const job = await readJobRecord(jobDir);
  if (job && job.status !== "running") return stateNamed(job.status);
  const names = (await Promise.all(runs.map(({ dir }) => readdir(dir)))).flat();
  const events = names.flatMap((name) => {
    const { time, type } = /^event-(?<time>\d+)-\d+-(?<type>\w+)\.json$/u.exec(name)?.groups ?? {};
    return time !== undefined && type !== undefined ? [{ time: Number(time), type }] : [];
  });
  const last = events.sort((a, b) => a.time - b.time).at(-1);
  if (!last) return "ended";
  return /^(?:stop|complete)Run/u.test(last.type) ? stateNamed(last.type) : "failed";
}

function stateNamed(status: string): RunStanding["state"] {
  if (status.endsWith("ByInteractiveTool")) return "waiting";
  return status.endsWith("ByError") ? "failed" : "ended";
}

/** A journal without an end, and without the record that would name its process, was broken off. */
function stateAfter(last: RunEvent): RunStanding["state"] {
  if (last.type === "stopRun") return last.reason === "input" ? "waiting" : "ended";
  return last.type === "finishRun" ? "ended" : "failed";
}

/**
 * Bytes of all files in a folder, and when one of them was changed last: an index that was left there by whoever looked at
 * the log does not count. Links are counted as what they are.
 */
export async function measureFolder(path: string): Promise<{ bytes: number; newest: number }> {
  const own = await lstat(path);
  if (!own.isDirectory()) return { bytes: own.size, newest: isSidecar(basename(path)) ? 0 : own.mtimeMs };
  const names = await readdir(path);
  let newest = names.some(isSidecar) ? 0 : own.mtimeMs;
  let bytes = 0;
  for (const name of names) {
    const inside = await measureFolder(join(path, name));
    bytes += inside.bytes;
    newest = Math.max(newest, inside.newest);
  }
  return { bytes, newest };
}
