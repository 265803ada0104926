/** Jobs as the folders that Perstack keeps of them, written while they go on: events, checkpoints and records. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messagesOf, settlePendingCalls } from "../../model/conversation";
import { endsRun } from "../../model/eventKinds";
import type { RunEvent } from "../../model/events";
import type { FormatSink, RunToWrite } from "../format";
import { createPerstackWriter, type PerstackWriter } from "./createPerstackWriter";
import { JobRecords } from "./jobRecords";
import type { WrittenCheckpoint, WrittenEvent } from "./writtenEvent";
import { derivedId } from "./writtenParts";

export interface PerstackSink extends FormatSink {
  /** Files that were written. */
  readonly count: number;
}

interface Job {
  dir: string;
  names: EventNames;
  records: JobRecords;
  writer: PerstackWriter;
  /** By run: where it was broken off in the middle of a step, and did not go on. */
  broken: Map<string, WrittenCheckpoint>;
}

/** @param folder is there: `perstack/jobs` comes to lie in it */
export function openPerstackSink(folder: string): PerstackSink {
  const files = new FileWriter();
  const jobs = new Map<string, Job>();
  const jobOf = (jobId: string): Job => {
    const known = jobs.get(jobId);
    if (known) return known;
    const job: Job = {
      dir: join(folder, "perstack", "jobs", fileName(jobId)),
      names: new EventNames(),
      records: new JobRecords(jobId),
      writer: createPerstackWriter(),
      broken: new Map(),
    };
    jobs.set(jobId, job);
    return job;
  };
  const tell = ({ records, writer }: Job, event: RunEvent, about: Omit<RunToWrite, "events"> | undefined) => {
    records.take(event);
    return writer.write(event, about).map((told) => {
      records.tell(told);
      return told;
    });
  };
  return {
    get count() {
      return files.count;
    },
    async write(event, about) {
      const job = jobOf(event.jobId);
      for (const told of tell(job, event, about)) {
        if (!("stepNumber" in told)) continue;
        await files.write(join(job.dir, "runs", fileName(told.runId), job.names.nameOf(told)), JSON.stringify(told));
        if (!("checkpoint" in told)) continue;
        const { checkpoint } = told;
        await files.write(checkpointFile(job.dir, checkpoint), JSON.stringify(checkpoint));
        if (isBrokenOff(checkpoint)) job.broken.set(event.runId, checkpoint);
        else job.broken.delete(event.runId);
      }
      if (endsRun(event)) await writeRecords(job, files);
    },
    recall(event, about) {
      const job = jobOf(event.jobId);
      for (const told of tell(job, event, about)) if ("stepNumber" in told) job.names.nameOf(told);
    },
    async close() {
      for (const job of jobs.values()) {
        for (const checkpoint of job.broken.values()) {
          await files.write(checkpointFile(job.dir, checkpoint), JSON.stringify(settled(checkpoint)));
        }
        await writeRecords(job, files);
      }
    },
  };
}

async function writeRecords({ dir, records }: Job, files: FileWriter): Promise<void> {
  for (const { runId, setting } of records.settings()) {
    await files.write(join(dir, "runs", fileName(runId), "run-setting.json"), JSON.stringify(setting));
  }
  const job = records.job();
  if (job) await files.write(join(dir, "job.json"), JSON.stringify(job, undefined, 2));
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
