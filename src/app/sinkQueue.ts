/** The events of runs on their way to one system's files: one after the other, and no more of them once that fails. */
import { mkdir } from "node:fs/promises";
import { messageOf, UserError } from "../base/errors";
import type { FormatName, FormatSink } from "../formats/format";
import { formats } from "../formats/index";
import type { RunEvent } from "../model/events";
import { readSpilled } from "../store/readJournal";
import { backgroundOf, eventsBefore } from "./jobBackground";

/** Opened with the first event, closed when no run is left that is written to it, and opened again by the next. */
export class SinkQueue {
  private work: Promise<void> = Promise.resolve();
  private sink: FormatSink | undefined;
  private isStopped = false;
  private runs = 0;
  private readonly jobs = new Set<string>();

  constructor(
    private readonly format: FormatName,
    private readonly folder: string,
    private readonly report: (error: unknown) => void,
  ) {}

  /** Resolves when what was heard so far is done; never rejects. */
  get idle(): Promise<void> {
    return this.work;
  }

  begin(): void {
    this.runs += 1;
  }

  push(runDir: string, event: RunEvent): void {
    this.add(async () => {
      if (!this.isStopped) await this.write(runDir, event);
    });
  }

  end(): void {
    this.runs -= 1;
    if (this.runs > 0) return;
    this.add(() => this.close());
  }

  private add(task: () => Promise<void>): void {
    this.work = this.work.then(task).catch((error: unknown) => {
      if (!this.isStopped) this.report(this.failure(error));
      this.isStopped = true;
    });
  }

  private async write(runDir: string, event: RunEvent): Promise<void> {
    this.sink ??= await this.open();
    const { sink } = this;
    if (!this.jobs.has(event.jobId)) {
      this.jobs.add(event.jobId);
      const before = sink.recall ? await eventsBefore(runDir, event) : [];
      for (const each of before) sink.recall?.(each.event, each.run);
    }
    const whole = await readSpilled(runDir, event).catch(() => event);
    await sink.write(whole, await backgroundOf(runDir, event));
  }

  private async open(): Promise<FormatSink> {
    const open = formats.find(({ name }) => name === this.format)?.openSink;
    if (!open) throw new UserError(`“${this.format}” is no system that runs can be written for.`);
    await mkdir(this.folder, { recursive: true });
    return await open(this.folder);
  }

  private async close(): Promise<void> {
    const { sink, isStopped } = this;
    this.sink = undefined;
    this.jobs.clear();
    try {
      await sink?.close();
    } catch (error) {
      if (!isStopped) throw error;
    } finally {
      if (this.runs === 0) this.isStopped = false;
    }
  }

  private failure(error: unknown): UserError {
    const label = formats.find(({ name }) => name === this.format)?.label ?? this.format;
    return new UserError(
      `Runs that go on now are no longer written for ${label} into ${this.folder}: ${messageOf(error)}. The runs themselves go on and are recorded. See that the folder can be written; the next run is written again, and “runtrail export” writes the ones that are missing.`,
    );
  }
}
