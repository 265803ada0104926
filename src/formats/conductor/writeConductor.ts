/** The runs of a job as Conductor Loop's folders: what a sink writes of them while they happen, in one go. */
import type { RunToWrite } from "../format";
import { openConductorSink } from "./conductorSink";

export async function writeConductor(
  runs: readonly RunToWrite[],
  folder: string,
  signal?: AbortSignal,
): Promise<number> {
  const sink = openConductorSink(folder, 0);
  // By time; within a run the order stays.
  const events = runs.flatMap((run) => run.events).sort((a, b) => a.timestamp - b.timestamp);
  for (const event of events) {
    signal?.throwIfAborted();
    await sink.write(event);
  }
  await sink.close();
  return sink.fileCount;
}
