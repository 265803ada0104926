/** A job as the folder that Perstack keeps of one: its events, checkpoints and records, with neither keys nor environment. */
import type { RunToWrite } from "../format";
import { inJobOrder } from "./jobOrder";
import { openPerstackSink } from "./openPerstackSink";

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
  const sink = openPerstackSink(folder);
  for (const { run, event } of inJobOrder(runs)) {
    signal?.throwIfAborted();
    await sink.write(event, run);
  }
  await sink.close();
  return sink.count;
}
