/** Writes runs of ours as the collector's file exporter would: a file that is added to, a line for each span that ended. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { RunEvent } from "../../model/events";
import type { FormatSink, RunToWrite } from "../format";
import { inJobOrder } from "../perstack/jobOrder";
import { SpanTeller } from "./spanTeller";
import { toLine, type WrittenSpan } from "./writtenSpan";

const fileName = "traces.jsonl";

export async function openOtelSink(folder: string): Promise<FormatSink> {
  const file = await open(join(folder, fileName), "a+");
  const teller = new SpanTeller();
  try {
    await endLine(file);
  } catch (error) {
    await file.close();
    throw error;
  }
  const append = async (spans: readonly WrittenSpan[]) => {
    if (spans.length > 0) await file.appendFile(spans.map(toLine).join(""));
  };
  return {
    write: (event: RunEvent) => append(teller.take(event)),
    async close() {
      try {
        await append(teller.close());
      } finally {
        await file.close();
      }
    },
  };
}

/** A line that a process died over is its own. */
async function endLine(file: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { size } = await file.stat();
  if (size === 0) return;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer.toString("latin1") !== "\n") await file.appendFile("\n");
}

export async function writeOtel(runs: readonly RunToWrite[], folder: string, signal?: AbortSignal): Promise<number> {
  const sink = await openOtelSink(folder);
  try {
    for (const { event } of inJobOrder(runs)) {
      signal?.throwIfAborted();
      await sink.write(event);
    }
  } finally {
    await sink.close();
  }
  return 1;
}
