/** The checkpoints in a run's folder: which there are, and one of them read. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../base/errors";
import { parseJson } from "../base/lines";
import { Checkpoint } from "../model/checkpoint";
import type { AnyEvent } from "../model/events";

export interface CheckpointPlace {
  file: string;
  id: string;
  /** Unix ms. */
  timestamp: number;
  step: number;
}

const namePattern = /^checkpoint-(?<timestamp>\d+)-(?<step>\d+)-(?<id>.+)\.json$/;

/** Oldest first. What has no such name is passed over; a folder that is not there has none. */
export async function listCheckpoints(runDir: string): Promise<CheckpointPlace[]> {
  let names: string[];
  try {
    names = await readdir(runDir);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(codeOf(error) ?? "")) return [];
    throw error;
  }
  const places = names.flatMap((name) => {
    const groups = namePattern.exec(name)?.groups;
    if (!groups?.id) return [];
    return [
      { file: join(runDir, name), id: groups.id, timestamp: Number(groups.timestamp), step: Number(groups.step) },
    ];
  });
  return places.sort((a, b) => a.timestamp - b.timestamp || a.step - b.step);
}

/** `undefined` where there is none with this id, or it cannot be read. */
export async function readCheckpoint(runDir: string, id: string): Promise<Checkpoint | undefined> {
  const place = (await listCheckpoints(runDir)).find((each) => each.id === id);
  return place && (await readCheckpointFile(place.file));
}

/** The one that the run began with, where it did not begin from nothing; `undefined` where that cannot be read, too. */
export async function readBeginning(runDir: string, start: AnyEvent | undefined): Promise<Checkpoint | undefined> {
  if (start?.type !== "startRun" || start.checkpointId === undefined) return undefined;
  return await readCheckpoint(runDir, start.checkpointId);
}

export async function readCheckpointFile(file: string): Promise<Checkpoint | undefined> {
  try {
    const parsed = Checkpoint.safeParse(parseJson(await readFile(file, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
