/** Run logs of OpenExpertise out of our runs: one for each, in the folder of its experience, which has the expert's name. */
import { constants } from "node:fs";
import { appendFile, copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "../../model/events";
import { isRecord } from "../../model/toolText";
import type { FormatSink, RunToWrite } from "../format";
import { RunLogWriter } from "./runLogWriter";
import { sourceName } from "./translateRunLog";

/** In `<folder>/<expert>/.openexpertise/runs`, one file for each run; with the `experience.yaml` of one that was read. */
export async function writeRunLogs(runs: readonly RunToWrite[], folder: string, signal?: AbortSignal): Promise<number> {
  const files = new RunLogFiles(folder);
  for (const { events } of runs) {
    const start = events[0];
    if (!start) continue;
    files.open(start, argsIn(events));
    if (start.type === "startRun") await files.copyExperience(start);
    let text = "";
    for (const event of events) {
      signal?.throwIfAborted();
      text += files.textOf(event);
    }
    await files.append(start, text);
  }
  return files.count;
}

/** Each event is in its file when it was written: the same lines as if it had been written with the others in one go. */
export async function openRunLogSink(folder: string): Promise<FormatSink> {
  const files = new RunLogFiles(folder);
  let last: Promise<void> = Promise.resolve();
  return {
    write(event) {
      // Whoever does not wait gets the order that he wrote in.
      const next = last.catch(() => undefined).then(() => files.append(event, files.textOf(event)));
      last = next;
      return next;
    },
    async close() {
      await last.catch(() => undefined);
    },
  };
}

class RunLogFiles {
  private readonly writers = new Map<string, RunLogWriter>();
  private readonly folders = new Set<string>();
  private readonly files = new Set<string>();

  constructor(private readonly root: string) {}

  get count(): number {
    return this.files.size;
  }

  open({ runId }: RunEvent, args?: Record<string, unknown>): RunLogWriter {
    const writer = this.writers.get(runId) ?? new RunLogWriter(runId, args);
    this.writers.set(runId, writer);
    return writer;
  }

  textOf(event: RunEvent): string {
    return this.open(event)
      .write(event)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join("");
  }

  async append(event: RunEvent, text: string): Promise<void> {
    if (text === "") return;
    const runs = join(this.experienceOf(event), ".openexpertise", "runs");
    if (!this.folders.has(runs)) await mkdir(runs, { recursive: true });
    this.folders.add(runs);
    const file = join(runs, `${fileName(event.runId)}.jsonl`);
    await appendFile(file, text);
    this.files.add(file);
  }

  /** The graph of a run is not in its log. */
  async copyExperience(start: RunEvent & { type: "startRun" }): Promise<void> {
    const from = experienceFile(start.definition?.uri);
    if (from === undefined) return;
    const folder = this.experienceOf(start);
    const to = join(folder, basename(from));
    if (this.files.has(to)) return;
    await mkdir(folder, { recursive: true });
    const isCopied = await copyFile(from, to, constants.COPYFILE_EXCL).then(
      () => true,
      () => false,
    );
    if (isCopied) this.files.add(to);
  }

  private experienceOf({ expertKey }: RunEvent): string {
    return join(this.root, fileName(expertKey));
  }
}

/** What a run that was read had been called with, where it was more than its query says. */
function argsIn(events: readonly RunEvent[]): Record<string, unknown> | undefined {
  for (const event of events.slice(0, 3)) {
    if (event.type !== "foreignEvent" || event.source !== sourceName || event.name !== "args") continue;
    if (isRecord(event.data)) return event.data;
  }
  return undefined;
}

/** An `experience.yaml` of this machine. */
function experienceFile(uri: string | undefined): string | undefined {
  if (uri === undefined || !/^file:\/\/\/(?!\/).*\/experience\.yaml$/u.test(uri)) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

/** Names and ids come out of files that anyone may have written: none leads elsewhere. */
function fileName(name: string): string {
  const safe = name
    .replaceAll(/[^\p{L}\p{N}._@ -]/gu, "_")
    .replace(/^\.+/u, "_")
    .slice(0, 120)
    .replace(/[. ]+$/u, "");
  return safe === "" ? "_" : safe;
}
