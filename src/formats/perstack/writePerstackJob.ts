/** A job as the folder that Perstack keeps of one: its events, checkpoints and records, with neither keys nor environment. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messagesOf, settlePendingCalls } from "../../model/conversation";
import type { RunToWrite } from "../format";
import { createPerstackWriter } from "./createPerstackWriter";
import { inJobOrder } from "./jobOrder";
import { JobRecords } from "./jobRecords";
import type { WrittenCheckpoint, WrittenEvent } from "./writtenEvent";
import { derivedId } from "./writtenParts";

/**
 * @param runs of one job
 * @param folder is there and empty: `perstack/jobs` comes to lie in it
 * @returns how many files were written
 */
export async function writePerstackJob(
  runs: readonly RunToWrite[],
  folder: string,
  signal?: AbortSignal,
): Promise<number> {
  const jobId = runs[0]?.events[0]?.jobId;
  if (jobId === undefined) return 0;
  const jobDir = join(folder, "perstack", "jobs", fileName(jobId));
  const files = new FileWriter();
  const names = new EventNames();
  const records = new JobRecords(jobId);
  const writer = createPerstackWriter();
  const broken = new Map<string, WrittenCheckpoint>();
  for (const { run, event } of inJobOrder(runs)) {
    signal?.throwIfAborted();
    records.take(event);
    for (const told of writer.write(event, run)) {
      records.tell(told);
      if (!("stepNumber" in told)) continue;
      await files.write(join(jobDir, "runs", fileName(told.runId), names.nameOf(told)), JSON.stringify(told));
      if (!("checkpoint" in told)) continue;
      const { checkpoint } = told;
      await files.write(checkpointFile(jobDir, checkpoint), JSON.stringify(checkpoint));
      if (isBrokenOff(checkpoint)) broken.set(event.runId, checkpoint);
      else broken.delete(event.runId);
    }
  }
  for (const checkpoint of broken.values()) {
    await files.write(checkpointFile(jobDir, checkpoint), JSON.stringify(settled(checkpoint)));
  }
  for (const { runId, setting } of records.settings()) {
    await files.write(join(jobDir, "runs", fileName(runId), "run-setting.json"), JSON.stringify(setting));
  }
  const job = records.job();
  if (job) await files.write(join(jobDir, "job.json"), JSON.stringify(job, undefined, 2));
  return files.count;
}

function checkpointFile(jobDir: string, { id }: WrittenCheckpoint): string {
  return join(jobDir, "checkpoints", `${fileName(id)}.json`);
}

/** Ids come out of files that anyone may have written: none leads elsewhere. */
function fileName(id: string): string {
  return /^[\p{L}\p{N}_](?:[\p{L}\p{N}._ -]{0,126}[\p{L}\p{N}_-])?$/u.test(id) ? id : derivedId(id);
}

/** In the middle of a step: Perstack would say a new query to the model with its calls still open, which no provider takes. */
function isBrokenOff({ status, pendingToolCalls }: WrittenCheckpoint): boolean {
  return status === "stoppedByError" && pendingToolCalls !== undefined;
}

function settled(checkpoint: WrittenCheckpoint): WrittenCheckpoint {
  const { pendingToolCalls: _, partialToolResults: __, ...rest } = checkpoint;
  const { error: ___, ...known } = checkpoint;
  const whole = messagesOf(known);
  const messages = settlePendingCalls(whole, `${rest.id}-left`, "Not done: the run was stopped before it.");
  return { ...rest, messages };
}

/**
 * Perstack reads a run's events in the order of the times in their names. Each time is therefore used once, and of events of
 * the same millisecond the later ones are named as if they came after it.
 */
class EventNames {
  private readonly last = new Map<string, number>();

  nameOf({ runId, timestamp, type, ...event }: WrittenEvent): string {
    const at = Math.max(Math.floor(timestamp), (this.last.get(runId) ?? 0) + 1);
    this.last.set(runId, at);
    return `event-${at}-${"stepNumber" in event ? event.stepNumber : 0}-${type}.json`;
  }
}

class FileWriter {
  private readonly paths = new Set<string>();
  private readonly folders = new Set<string>();

  get count(): number {
    return this.paths.size;
  }

  /** A reader sees the whole file or none. */
  async write(path: string, content: string): Promise<void> {
    const folder = dirname(path);
    if (!this.folders.has(folder)) await mkdir(folder, { recursive: true });
    this.folders.add(folder);
    const temporary = join(folder, ".writing.tmp");
    try {
      await writeFile(temporary, content);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.paths.add(path);
  }
}
