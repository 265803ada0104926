/** The folder of one run while this process writes it: made exclusively, inside the workspace, with all its files. */
import { mkdir, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { codeOf, messageOf, UserError } from "../base/errors";
import type { Checkpoint } from "../model/checkpoint";
import type { RunEvent } from "../model/events";
import type { ResultPart } from "../model/message";
import { createCheckpointShelf } from "./checkpointShelf";
import { type FlushMode, type Journal, openJournal } from "./journal";
import { checkId, layout } from "./layout";
import { acquireProcessLock } from "./processLock";
import { stateOf } from "./processOwner";
import { healJournal } from "./readJournal";
import { type RunInfo, readRunInfo, writeRunInfo } from "./runInfo";
import { type KeptResult, spillResult } from "./spill";

export interface RunFolder {
  readonly dir: string;
  readonly jobDir: string;
  /** See `Journal.append`. */
  append(...events: readonly RunEvent[]): void;
  /** Leaves a snapshot where one is due (see `createCheckpointShelf`). @param timestamp Unix ms, for the file's name. */
  saveCheckpoint(checkpoint: Checkpoint, timestamp: number): Promise<void>;
  spill(result: ResultPart[]): Promise<KeptResult>;
  writeInfo(info: RunInfo): Promise<void>;
  close(): Promise<void>;
}

/** Throws `UserError` for a bad id, a folder that cannot be written, or one that leads out of the workspace. */
export async function createRunFolder(
  root: string,
  ids: { jobId: string; runId: string },
  newId: () => string,
  flush?: FlushMode,
): Promise<RunFolder> {
  const jobDir = layout.job(root, checkId("job", ids.jobId));
  const dir = layout.run(root, ids.jobId, checkId("run", ids.runId));
  let journal: Journal;
  try {
    await makeInside(root, dir);
    journal = await openJournal(layout.journal(dir), "create", flush);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`The run's folder ${dir} cannot be written: ${reasonOf(error)}`);
  }
  return runFolder(dir, jobDir, journal, newId);
}

/** The folder of a run that goes on. Throws `UserError` where it is gone, or another window or process has the run. */
export async function reopenRunFolder(
  dir: string,
  newId: () => string,
  flush?: FlushMode,
): Promise<{ folder: RunFolder; healed: string | undefined }> {
  const lock = await acquireProcessLock(join(dir, "run.lock"), newId);
  if (!lock) throw new UserError(`The run in ${dir} goes on elsewhere already: in another window or terminal.`);
  try {
    const info = await readRunInfo(dir);
    if (info?.status === "running" && (await stateOf(info)) !== "dead") {
      throw new UserError(
        `The run in ${dir} has not ended yet. Wait for its end, or stop it, before you go on with it.`,
      );
    }
    const healed = await healJournal(layout.journal(dir));
    const journal = await openJournal(layout.journal(dir), "continue", flush);
    const folder = runFolder(dir, dirname(dirname(dir)), journal, newId);
    const close = async () => {
      await folder.close().finally(() => lock.release());
    };
    return { folder: { ...folder, close }, healed };
  } catch (error) {
    await lock.release();
    if (error instanceof UserError) throw error;
    throw new UserError(`The run in ${dir} cannot go on: ${reasonOf(error)}`);
  }
}

function runFolder(dir: string, jobDir: string, journal: Journal, newId: () => string): RunFolder {
  const shelf = createCheckpointShelf(dir, newId);
  return {
    dir,
    jobDir,
    append: (...events) => journal.append(...events),
    saveCheckpoint: (checkpoint, timestamp) => shelf.save(checkpoint, timestamp),
    spill: (result) => spillResult(dir, result, newId),
    writeInfo: (info) => writeRunInfo(dir, info, newId()),
    close: () => journal.close(),
  };
}

/** A symbolic link on the way must not lead the run's files out of the workspace. */
async function makeInside(root: string, dir: string): Promise<void> {
  const realRoot = await realpath(root);
  let existing = dirname(dir);
  while (existing !== root && existing !== dirname(existing)) {
    try {
      const real = await realpath(existing);
      if (real !== realRoot && !real.startsWith(realRoot + sep)) {
        throw new UserError(`${existing} leads out of the workspace folder ${root}: runs are kept inside it.`);
      }
      break;
    } catch (error) {
      if (codeOf(error) !== "ENOENT") throw error;
      existing = dirname(existing);
    }
  }
  await mkdir(dirname(dir), { recursive: true });
  await mkdir(dir);
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "permission denied. Give yourself write access to it, or open a folder you can write.";
    case "ENOSPC":
      return "the disk is full. Free some space and run again.";
    case "EEXIST":
      return "a run with this id is already there. Leave the id out to get a new one.";
    case "ENOENT":
      return "the workspace folder is gone.";
    default:
      return messageOf(error);
  }
}
