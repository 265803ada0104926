/** Writes runs as Runner keeps them: a folder for each with its log, appended to event by event. */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../../model/events";
import type { FormatSink, RunToWrite } from "../format";
import { RunnerTeller } from "./runnerTeller";

interface OpenLog {
  handle: FileHandle;
  teller: RunnerTeller;
}

export async function openRunnerSink(folder: string): Promise<FormatSink & { readonly count: number }> {
  const logs = new Map<string, Promise<OpenLog>>();
  let last: Promise<unknown> = Promise.resolve();
  const write = async (event: RunEvent) => {
    const { runId } = event;
    const opened = logs.get(runId) ?? openLog(join(folder, folderName(runId)));
    logs.set(runId, opened);
    const { handle, teller } = await opened;
    const lines = teller.tell(event);
    if (lines.length > 0) await handle.appendFile(lines.join(""));
  };
  return {
    get count() {
      return logs.size;
    },
    async write(event) {
      const done = last.then(() => write(event));
      last = done.catch(() => undefined);
      await done;
    },
    async close() {
      await last;
      const opened = await Promise.allSettled(logs.values());
      logs.clear();
      for (const log of opened) if (log.status === "fulfilled") await log.value.handle.close();
    },
  };
}

/** As many files as there are runs; events of several runs in the order of their times, as they came. */
export async function writeRunnerRuns(
  runs: readonly RunToWrite[],
  folder: string,
  signal?: AbortSignal,
): Promise<number> {
  const sink = await openRunnerSink(folder);
  try {
    for (const { events } of runs) {
      for (const event of events) {
        signal?.throwIfAborted();
        await sink.write(event);
      }
    }
    return sink.count;
  } finally {
    await sink.close();
  }
}

/** Runner itself would write right behind a line that was cut; the cut line stays, and stays alone. */
async function openLog(folder: string): Promise<OpenLog> {
  await mkdir(folder, { recursive: true });
  const handle = await open(join(folder, "events.jsonl"), "a+", 0o600);
  const { size } = await handle.stat();
  const end = Buffer.alloc(1);
  if (size > 0) await handle.read(end, 0, 1, size - 1);
  if (size > 0 && end.toString() !== "\n") await handle.appendFile("\n");
  return { handle, teller: new RunnerTeller() };
}

/** Ids come out of files that anyone may have written: none leads elsewhere. */
function folderName(id: string): string {
  if (/^[\p{L}\p{N}_](?:[\p{L}\p{N}._ -]{0,126}[\p{L}\p{N}_-])?$/u.test(id)) return id;
  return `run-${createHash("sha256").update(id).digest("hex").slice(0, 20)}`;
}
