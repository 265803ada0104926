/** Writes runs for other systems too while they go on here: beside their journals, and never in their way. */
import { join } from "node:path";
import { UserError } from "../base/errors";
import { within } from "../base/within";
import type { FormatName } from "../formats/format";
import { isLive } from "../model/eventKinds";
import type { RunListener } from "./runJob";
import { SinkQueue } from "./sinkQueue";
import { workspaceOf } from "./workspaceOf";

export interface LiveExports {
  /** Hears a run and its delegates, and has them written for each of these systems. */
  listenFor(names: readonly FormatName[]): RunListener;
  /** Until what was heard so far is written, or it takes too long. Never rejects. */
  settle(): Promise<void>;
}

/** A run that has ended does not wait longer than this for what is written of it elsewhere. */
const patienceMs = 10_000;

/** Where a workspace's runs are written for another system. */
export function exportFolder(workspace: string, format: FormatName): string {
  return join(workspace, "perstack", "exports", format);
}

/** @param report hears once why a system's files are no longer written */
export function createLiveExports(report: (error: unknown) => void): LiveExports {
  const queues = new Map<string, SinkQueue>();
  const queueFor = (workspace: string, format: FormatName) => {
    const folder = exportFolder(workspace, format);
    const queue = queues.get(folder) ?? new SinkQueue(format, folder, report);
    queues.set(folder, queue);
    return queue;
  };
  return {
    listenFor(names) {
      const ofRuns = new Map<string, SinkQueue[]>();
      return {
        onStart(dir) {
          const ofRun = [...new Set(names)].map((name) => queueFor(workspaceOf(dir), name));
          ofRuns.set(dir, ofRun);
          for (const queue of ofRun) queue.begin();
        },
        onEvent(dir, event) {
          if (isLive(event)) return;
          for (const queue of ofRuns.get(dir) ?? []) queue.push(dir, event);
        },
        onEnd(dir) {
          for (const queue of ofRuns.get(dir) ?? []) queue.end();
          ofRuns.delete(dir);
        },
      };
    },
    async settle() {
      const all = Promise.all([...queues.values()].map(({ idle }) => idle)).then(() => true);
      if (await within(patienceMs, all)) return;
      report(new UserError("What goes on is still being written for other systems: their files may lack its end."));
    },
  };
}
