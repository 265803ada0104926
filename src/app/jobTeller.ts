/** Tells a run that goes on here in Perstack's words, live: with what the job had before it, and results in full. */
import { dirname, join } from "node:path";
import { createPerstackWriter } from "../formats/perstack/createPerstackWriter";
import type { WrittenEvent } from "../formats/perstack/writtenEvent";
import { isLive } from "../model/eventKinds";
import type { AnyEvent } from "../model/events";
import { readSpilled } from "../store/readJournal";
import type { RunHandle } from "./app";
import { backgroundOf, eventsBefore } from "./jobBackground";

export interface JobTeller {
  /** To be called with each event, one after the other. Never rejects: what cannot be read is told without. */
  tell(event: AnyEvent): Promise<WrittenEvent[]>;
}

export function createJobTeller(handle: RunHandle): JobTeller {
  const writer = createPerstackWriter();
  const dirOf = (runId: string) => (runId === handle.runId ? handle.dir : join(dirname(handle.dir), runId));
  let isFirst = true;
  return {
    async tell(event) {
      const dir = dirOf(event.runId);
      if (isFirst) {
        isFirst = false;
        for (const before of await eventsBefore(dir, event)) writer.write(before.event, before.run);
      }
      const whole = isLive(event) ? event : await readSpilled(dir, event).catch(() => event);
      return writer.write(whole, await backgroundOf(dir, event));
    },
  };
}
