/** Finds the recorded run that `replay` plays: by path, by run id, or the newest of the same expert and query. */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import type { RecordedAnswers, RecordingSource } from "../runtime/providers/provider";
import { readBeginning } from "../store/checkpoints";
import { layout } from "../store/layout";
import { readJournal, readWhole } from "../store/readJournal";
import { listRunFolders } from "../store/runFolders";

export interface RecordingQuery {
  workspaceRoot: string;
  /** Paths are relative to it. */
  definitionFolder: string;
  expertKey: string;
  /** Absent: any. */
  query?: string | undefined;
  /** The id of a run that is not to be found: the one that is to be played. */
  except?: string | undefined;
}

interface Recording {
  path: string;
  /** The run's folder, where large results lie. */
  dir: string;
  label: string;
}

export function createRecordingSource(wanted: RecordingQuery): RecordingSource {
  const { workspaceRoot, definitionFolder } = wanted;
  return {
    workspaceRoot,
    async find(reference) {
      const runs = async () => await recordedRuns(workspaceRoot, wanted.except);
      if (reference === undefined) return await newestOf(await runs(), wanted, "sameQuery");
      const path = resolve(definitionFolder, reference);
      const kind = await kindInside(workspaceRoot, path);
      if (kind === "file") return await readRecording({ path, dir: dirname(path), label: reference });
      if (kind === "folder") {
        return await newestOf(await recordingsIn(workspaceRoot, path, reference), wanted, "anyQuery");
      }
      const all = await runs();
      const run = all.find(({ dir }) => basename(dir) === reference);
      const recording = run && (await readRecording(run));
      if (!run || recording?.events[0]?.expertKey === wanted.expertKey) return recording;
      // A delegate plays what was recorded of it in the job of the run that is played.
      const ofJob = all.filter(({ dir }) => dirname(dir) === dirname(run.dir));
      return await newestOf(ofJob, wanted, "sameQuery");
    },
  };
}

/** A run is known by its id, so that whoever goes on with a run that played it finds it again. */
async function recordedRuns(root: string, except: string | undefined): Promise<Recording[]> {
  const places = (await listRunFolders(root)).filter(({ runId }) => runId !== except);
  return places.map(({ dir, runId }) => ({ path: layout.journal(dir), dir, label: runId }));
}

async function recordingsIn(root: string, folder: string, reference: string): Promise<Recording[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
  const kinds = await Promise.all(names.map((name) => kindInside(root, join(folder, name))));
  return names
    .filter((_, index) => kinds[index] === "file")
    .map((name) => ({ path: join(folder, name), dir: folder, label: `${reference}/${name}` }));
}

/** The newest run of the expert, those with the same query first, finished ones before others. */
async function newestOf(
  recordings: readonly Recording[],
  { expertKey, query }: RecordingQuery,
  queries: "sameQuery" | "anyQuery",
) {
  let newest: { recording: Recording; rank: number; startedAt: number } | undefined;
  for (const recording of recordings) {
    const { events } = await readJournal(recording.path);
    const start = events[0];
    if (start?.type !== "startRun" || start.expertKey !== expertKey) continue;
    if (!events.some((event) => event.type === "finishGeneration" && !event.error)) continue;
    if (queries === "sameQuery" && query !== undefined && start.query !== query) continue;
    const isFinished = events.some(({ type }) => type === "finishRun");
    const rank = (start.query === query ? 2 : 0) + (isFinished ? 1 : 0);
    const isBetter = !newest || rank > newest.rank || (rank === newest.rank && start.timestamp > newest.startedAt);
    if (isBetter) newest = { recording, rank, startedAt: start.timestamp };
  }
  return newest && (await readRecording(newest.recording));
}

async function readRecording({ path, dir, label }: Recording): Promise<RecordedAnswers> {
  const { events } = await readJournal(path);
  const checkpoint = await readBeginning(dir, events[0]);
  return { events: await readWhole(dir, events), base: checkpoint?.messages ?? [], label };
}

/** A link that leads out of the workspace is not inside it. */
async function kindInside(root: string, path: string): Promise<"file" | "folder" | undefined> {
  try {
    const [realRoot, realPath] = await Promise.all([realpath(root), realpath(path)]);
    if (!realPath.startsWith(realRoot + sep)) return undefined;
    const stats = await stat(realPath);
    return stats.isFile() ? "file" : stats.isDirectory() ? "folder" : undefined;
  } catch {
    return undefined;
  }
}
