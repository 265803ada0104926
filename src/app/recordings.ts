/** Finds the recorded run that `replay` plays: by path, by run id, or the newest of the same expert and query. */
import { realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import type { RunEvent } from "../model/events";
import type { RecordingSource } from "../runtime/providers/provider";
import { layout } from "../store/layout";
import { readJournal, readSpilled } from "../store/readJournal";
import { listRunFolders } from "../store/runFolders";

export interface RecordingQuery {
  workspaceRoot: string;
  /** Paths are relative to it. */
  definitionFolder: string;
  expertKey: string;
  /** Absent: any. */
  query?: string | undefined;
}

export function createRecordingSource(wanted: RecordingQuery): RecordingSource {
  const { workspaceRoot, definitionFolder } = wanted;
  return {
    workspaceRoot,
    async find(reference) {
      if (reference === undefined) return await newestRecording(wanted);
      const path = resolve(definitionFolder, reference);
      if (await isFileInside(workspaceRoot, path)) return await readRecording(path, resolve(path, ".."), reference);
      const place = (await listRunFolders(workspaceRoot)).find(({ runId }) => runId === reference);
      return place && (await readRecording(layout.journal(place.dir), place.dir, `run ${reference}`));
    },
  };
}

async function newestRecording({ workspaceRoot, expertKey, query }: RecordingQuery) {
  let newest: { path: string; dir: string; runId: string; startedAt: number } | undefined;
  for (const { dir, runId } of await listRunFolders(workspaceRoot)) {
    const path = layout.journal(dir);
    const { events } = await readJournal(path);
    const start = events[0];
    if (start?.type !== "startRun" || start.expertKey !== expertKey) continue;
    if ((query !== undefined && start.query !== query) || !events.some(({ type }) => type === "finishRun")) continue;
    if (!newest || start.timestamp > newest.startedAt) newest = { path, dir, runId, startedAt: start.timestamp };
  }
  return newest && (await readRecording(newest.path, newest.dir, `run ${newest.runId}`));
}

async function readRecording(path: string, dir: string, label: string): Promise<{ events: RunEvent[]; label: string }> {
  const { events } = await readJournal(path);
  const whole = await Promise.all(events.map((event) => readSpilled(dir, event).catch(() => event)));
  return { events: whole, label };
}

/** A link that leads out of the workspace is not inside it. */
async function isFileInside(root: string, path: string): Promise<boolean> {
  try {
    const [realRoot, realPath] = await Promise.all([realpath(root), realpath(path)]);
    return realPath.startsWith(realRoot + sep) && (await stat(realPath)).isFile();
  } catch {
    return false;
  }
}
