/** Writes runs of ours as Conductor Loop's folders, event by event: what it shows of them is there while they go on. */
import { appendFile, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../../base/errors";
import { endsRun } from "../../model/eventKinds";
import type { EventOf, RunEvent } from "../../model/events";
import { oneLine } from "../../model/plainText";
import type { FormatSink } from "../format";
import { causeOf, outputFile, promptFile, stderrFile, stdoutFile } from "./agentFiles";
import { writtenBy } from "./messageBus";
import { runInfoFile } from "./runInfo";
import { projectBusFile, taskBusFile } from "./surroundings";
import { type WrittenJob, writtenJob, writtenMessageId, writtenRunId, writtenTime } from "./writtenIds";
import { endInfo, formatRunInfo, infoOf, type WrittenInfo } from "./writtenInfo";
import { formatMessage, messageOfData, messageOfEvent, type WrittenMessage } from "./writtenMessage";
import { WrittenOutput } from "./writtenOutput";

interface OpenJob extends WrittenJob {
  dir: string;
  runs: OpenRun[];
  isTaskWritten: boolean;
}

interface OpenRun {
  job: OpenJob;
  start: EventOf<"startRun">;
  /** As it is written. */
  id: string;
  dir: string;
  info: WrittenInfo;
  output: WrittenOutput;
  /** Told once something happens: a start that was read comes with its own message. */
  heldStart: RunEvent | undefined;
  /** Whether a message about its end was read. */
  isStopTold: boolean;
  /** What was read of its standard error output. */
  errorOutput?: string;
  isCancelled: boolean;
}

export interface ConductorSink extends FormatSink {
  /** How many files it has written. */
  readonly fileCount: number;
}

/** @param pid of the process that carries the runs out while they go on; 0 where none does */
export function openConductorSink(folder: string, pid: number): ConductorSink {
  return new Sink(folder, pid);
}

class Sink implements ConductorSink {
  private readonly jobs = new Map<string, OpenJob>();
  private readonly runs = new Map<string, OpenRun>();
  private readonly files = new Set<string>();
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly folder: string,
    private readonly pid: number,
  ) {}

  get fileCount(): number {
    return this.files.size;
  }

  write(event: RunEvent): Promise<void> {
    return this.inTurn(() => this.take(event));
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      for (const run of this.runs.values()) await this.tellStart(run);
    });
  }

  /** Events of several runs may come at once. */
  private async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.tail.then(work);
    this.tail = turn.catch(() => undefined);
    await turn;
  }

  private async take(event: RunEvent): Promise<void> {
    const known = this.runs.get(keyOf(event));
    if (!known) {
      // What comes before a start is of a journal whose beginning is lost.
      if (event.type === "startRun") await this.begin(event);
      return;
    }
    if (event.type === "foreignEvent" && event.source === "conductor") {
      await this.putBack(known, event);
      return;
    }
    await this.tellStart(known);
    if (event.type === "resumeRun") await this.resume(known, event);
    if (event.type === "errorRun" && event.error.cause === causeOf(undefined, known.errorOutput)) {
      known.output.isCauseTold = true;
    }
    const lines = known.output.tell(event).map((line) => `${JSON.stringify(line)}\n`);
    if (lines.length > 0) await this.append(join(known.dir, stdoutFile), lines.join(""));
    else if (event.type === "logSkill")
      await this.append(join(known.dir, stderrFile), `${event.skill}: ${event.line}\n`);
    else {
      const message = messageOfEvent(event);
      if (message) await this.post(known, event, message);
    }
    if (endsRun(event)) await this.end(known, event);
  }

  private async begin(event: EventOf<"startRun">): Promise<void> {
    const job = this.jobs.get(event.jobId) ?? this.openJob(event);
    const { dir, id } = await this.makeRunFolder(job, event);
    const parentRunId = event.parent && (this.writtenId(event.jobId, event.parent.runId) ?? event.parent.runId);
    const earlier = event.origin?.jobId === event.jobId ? event.origin.runId : undefined;
    const previousRunId = earlier === undefined ? undefined : (this.writtenId(event.jobId, earlier) ?? earlier);
    const info = infoOf(event, { ...job, runId: id, parentRunId, previousRunId, pid: this.pid, dir });
    const run: OpenRun = {
      job,
      start: event,
      id,
      dir,
      info,
      output: new WrittenOutput(event),
      heldStart: event,
      isStopTold: false,
      isCancelled: false,
    };
    job.runs.push(run);
    this.runs.set(keyOf(event), run);
    if (!job.isTaskWritten && event.parent === undefined) {
      job.isTaskWritten = true;
      await this.createOnce(join(job.dir, "TASK.md"), `${event.query}\n`);
    }
    const preamble = [`JRUN_PROJECT_ID=${job.projectId}`, `JRUN_TASK_ID=${job.taskId}`, `JRUN_ID=${id}`].join("\n");
    await this.put(join(dir, promptFile), `${preamble}\n\n---\n\n${event.query}`);
    for (const name of [stdoutFile, stderrFile]) await this.append(join(dir, name), "");
    await this.saveInfo(run);
  }

  private openJob({ jobId, timestamp, expertKey }: EventOf<"startRun">): OpenJob {
    const written = writtenJob(jobId, timestamp, expertKey);
    const dir = join(this.folder, written.projectId, written.taskId);
    const job: OpenJob = { ...written, dir, runs: [], isTaskWritten: false };
    this.jobs.set(jobId, job);
    return job;
  }

  /** One of the same name is another run's. */
  private async makeRunFolder(job: OpenJob, event: EventOf<"startRun">): Promise<{ dir: string; id: string }> {
    const wanted = writtenRunId(event.runId, event.timestamp, job.runs.length + 1);
    await mkdir(join(job.dir, "runs"), { recursive: true });
    for (let count = 1; ; count += 1) {
      const id = count === 1 ? wanted : `${wanted}-${count}`;
      const dir = join(job.dir, "runs", id);
      try {
        await mkdir(dir);
        return { dir, id };
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
    }
  }

  private writtenId(jobId: string, runId: string): string | undefined {
    return this.runs.get(keyOf({ jobId, runId }))?.id;
  }

  /** What was read from a folder of Conductor Loop. */
  private async putBack(run: OpenRun, event: EventOf<"foreignEvent">): Promise<void> {
    const { name, data } = event;
    if (name === "stderr") {
      const text = typeof data === "object" && data !== null && "text" in data ? String(data.text) : "";
      run.errorOutput = text;
      await this.append(join(run.dir, stderrFile), `${text}\n`);
      return;
    }
    if (name === "audit") {
      await this.append(join(this.folder, "_audit", "form-submissions.jsonl"), `${JSON.stringify(data)}\n`);
      return;
    }
    const { bus, ...message } = messageOfData(data);
    if (name === "RUN_START") run.heldStart = undefined;
    if (name === "RUN_STOP" || name === "RUN_CRASH") run.isStopTold = true;
    const { project_id, task_id } = message;
    const ids = {
      project_id: project_id === undefined ? "" : run.job.projectId,
      task_id: task_id === undefined ? "" : run.job.taskId,
      run_id: message.run_id === run.start.runId ? run.id : (message.run_id ?? ""),
    };
    await this.post(run, event, { body: "", ...message, type: name, ...ids }, bus);
  }

  private async tellStart(run: OpenRun): Promise<void> {
    const event = run.heldStart;
    if (!event) return;
    run.heldStart = undefined;
    const { start, dir, job, id } = run;
    const body = ["run started", `run_dir: ${dir}`, ...pathsOf(dir).map(([key, file]) => `${key}: ${file}`)].join("\n");
    const meta = {
      ...ours,
      ...(!job.isOwn && { runtrail_job_id: start.jobId }),
      ...(id !== start.runId && { runtrail_run_id: start.runId }),
    };
    await this.post(run, event, { type: "RUN_START", body, meta });
  }

  private async resume(run: OpenRun, event: EventOf<"resumeRun">): Promise<void> {
    run.isStopTold = false;
    run.isCancelled = false;
    const { parent_run_id: parentRunId, previous_run_id: previousRunId } = run.info;
    run.info = infoOf(run.start, {
      ...run.job,
      runId: run.id,
      parentRunId,
      previousRunId,
      pid: this.pid,
      dir: run.dir,
    });
    await this.remove(join(run.job.dir, "DONE"));
    await this.remove(join(run.job.dir, "CANCELLED"));
    await this.saveInfo(run);
    await this.post(run, event, { type: "RUN_START", body: `run started\nrun_dir: ${run.dir}`, meta: ours });
  }

  private async end(run: OpenRun, event: EventOf<"finishRun" | "stopRun" | "errorRun">): Promise<void> {
    const { job, dir } = run;
    if (event.type === "finishRun") await this.put(join(dir, outputFile), event.text);
    const { info, meta } = endInfo(run.info, event);
    run.info = info;
    run.isCancelled = event.type === "stopRun" && event.reason === "cancelled";
    await this.saveInfo(run);
    if (!run.isStopTold) {
      const code = info.exit_code ?? 1;
      const body = [`run stopped with code ${code}`, `run_dir: ${dir}`, `output: ${join(dir, outputFile)}`].join("\n");
      const type = event.type === "finishRun" ? "RUN_STOP" : "RUN_CRASH";
      await this.post(run, event, { type, body, meta: { ...ours, ...meta } });
    }
    if (run.start.parent !== undefined) return;
    if (run.isCancelled && event.type === "stopRun") {
      const reason = oneLine(event.message ?? "", 1000);
      const text = `cancelled_at: ${writtenTime(event.timestamp)}\nreason: ${reason}\n`;
      await this.put(join(job.dir, "CANCELLED"), text);
    }
    if (event.type !== "finishRun") return;
    await this.put(join(job.dir, "DONE"), "");
    await this.remove(join(job.dir, "CANCELLED"));
    // As its own readers do with runs that were killed, once their task is done.
    for (const each of job.runs.filter(({ isCancelled }) => isCancelled)) {
      each.info = { ...each.info, status: "completed", exit_code: 0 };
      await this.saveInfo(each);
    }
  }

  private async post(
    run: OpenRun,
    { timestamp, seq }: RunEvent,
    message: Partial<WrittenMessage> & { type: string; body: string },
    bus?: "project",
  ): Promise<void> {
    const { job, id } = run;
    const file = bus === "project" ? join(dirname(job.dir), projectBusFile) : join(job.dir, taskBusFile);
    const text = formatMessage({
      ...{ msg_id: writtenMessageId(id, timestamp, seq), ts: writtenTime(timestamp) },
      ...{ project_id: job.projectId, task_id: job.taskId, run_id: id },
      ...message,
    });
    this.files.add(file);
    const handle = await open(file, "a");
    try {
      const { size } = await handle.stat();
      await handle.writeFile(size > 0 ? `\n${text}` : text);
    } finally {
      await handle.close();
    }
  }

  /** Replaced as a whole: a reader sees the old or the new. */
  private async saveInfo({ dir, info, id }: OpenRun): Promise<void> {
    const temporary = join(dir, `run-info.${id.slice(-8)}.yaml.tmp`);
    const file = join(dir, runInfoFile);
    await writeFile(temporary, formatRunInfo(info));
    await rename(temporary, file);
    this.files.add(file);
  }

  private async put(file: string, text: string): Promise<void> {
    await writeFile(file, text);
    this.files.add(file);
  }

  private async remove(file: string): Promise<void> {
    await rm(file, { force: true });
    this.files.delete(file);
  }

  private async createOnce(file: string, text: string): Promise<void> {
    try {
      await writeFile(file, text, { flag: "wx" });
      this.files.add(file);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }

  private async append(file: string, text: string): Promise<void> {
    if (!this.files.has(file)) await mkdir(dirname(file), { recursive: true });
    await appendFile(file, text);
    this.files.add(file);
  }
}

const ours = { [writtenBy]: "runtrail" };

function keyOf({ jobId, runId }: { jobId: string; runId: string }): string {
  return JSON.stringify([jobId, runId]);
}

function pathsOf(dir: string): [key: string, file: string][] {
  return [
    ["prompt", join(dir, promptFile)],
    ["stdout", join(dir, stdoutFile)],
    ["stderr", join(dir, stderrFile)],
    ["output", join(dir, outputFile)],
  ];
}
