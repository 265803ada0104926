/** The checkpoints that a run's own events name, whether there is a snapshot of them or not. */
import type { RunEvent } from "../../src/model/events";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";

export async function readNamedCheckpoints(dir: string): Promise<string[]> {
  return namedCheckpoints((await readJournal(layout.journal(dir))).events);
}

/** In the order in which they were saved. */
export function namedCheckpoints(events: readonly RunEvent[]): string[] {
  const ids = events.flatMap((event) => ("checkpointId" in event && event.checkpointId ? [event.checkpointId] : []));
  return [...new Set(ids)];
}
