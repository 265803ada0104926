/** OpenExpertise's format: run logs, alone or in their experience, with the graph and the state that they belong to. */

import { basename, dirname, join } from "node:path";
import { parseJson } from "../../base/lines";
import { endsRun } from "../../model/eventKinds";
import { isRecord } from "../../model/toolText";
import type { ForeignDocument, ForeignRun, Format } from "../format";
import { isFolder } from "../isFolder";
import { oldestFirst } from "../oldestFirst";
import { readHead } from "../readHead";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import type { FolderTree } from "../walkFiles";
import { type Experience, readExperience } from "./experience";
import { experienceFolderOf, findRunLogs } from "./findRunLogs";
import { type RunLog, readRunLog } from "./readRunLog";
import { parentOf, parseRunLogRecord } from "./runLogRecord";
import { readStateHistory } from "./stateHistory";
import { translateRunLog } from "./translateRunLog";
import { openRunLogSink, writeRunLogs } from "./writeRunLogs";

export const openexpertise: Format = {
  name: "openexpertise",
  label: "OpenExpertise",
  async accepts(path) {
    if (await isFolder(path)) {
      return (await findRunLogs(path)[Symbol.asyncIterator]().next()).done === false;
    }
    const isInPlace = path.endsWith(".jsonl") && experienceFolderOf(path) !== undefined;
    return isInPlace ? (await readHead(path, 1)) !== undefined : await beginsLikeRunLog(path);
  },
  async find(folder, signal, tree) {
    signal?.throwIfAborted();
    return (await isFolder(folder)) ? await listRunLogs(folder, signal, tree) : [];
  },
  async read(path, signal) {
    const source = openSourceFiles(path, signal);
    source.check();
    const isWhole = await isFolder(path);
    const files = isWhole ? await listRunLogs(path, signal) : [path];
    const logs: RunLog[] = [];
    for (const file of files) logs.push(...(await readRunLog(source, file)));
    const runs: ForeignRun[] = [];
    const byFolder = Map.groupBy(logs, ({ file }) => experienceFolderOf(file) ?? "");
    const rootOf = findRoots(logs);
    for (const [folder, ofFolder] of byFolder) runs.push(...(await readRuns(folder, ofFolder, rootOf, source)));
    const looked = isWhole ? [path, ...new Set(files.map(dirname))] : [];
    // What an ended run wrote does not change with what others write.
    const isOver = runs.every(({ events }) => events.some(endsRun));
    const seen = source.files.filter((file) => !isOver || !/^state\.sqlite/u.test(basename(file)));
    return { source: path, runs: oldestFirst(runs), problems: source.problems, files: [...looked, ...seen] };
  },
  write: writeRunLogs,
  openSink: openRunLogSink,
};

/** @param folder of their experience, or "" where they lie elsewhere */
async function readRuns(
  folder: string,
  logs: readonly RunLog[],
  rootOf: (runId: string) => string,
  source: SourceFiles,
): Promise<ForeignRun[]> {
  const experience = folder === "" ? undefined : await readExperience(folder, source);
  const valuesOf = folder === "" ? () => ({}) : await readStateHistory(folder, logs, source);
  const expertKey = experience?.name ?? (folder === "" ? "experience" : basename(folder));
  const runs: ForeignRun[] = [];
  for (const log of logs) {
    const { file, runId, isOneOfSeveral } = log;
    const jobId = rootOf(runId);
    const { events, problems } = translateRunLog(log, { jobId, expertKey, experience, valuesOf });
    const documents = folder === "" ? [] : await documentsOf(folder, experience, runId, source);
    runs.push({
      ...{ dir: isOneOfSeveral ? `${file}#${runId}` : file, jobId, runId, events },
      ...{ sourceRunIds: [runId], checkpointIds: [], problems: [...log.problems, ...problems] },
      ...(documents.length > 0 && { documents }),
    });
  }
  return runs;
}

async function documentsOf(
  folder: string,
  experience: Experience | undefined,
  runId: string,
  source: SourceFiles,
): Promise<ForeignDocument[]> {
  const documents = experience ? [{ label: "experience.yaml", file: experience.file }] : [];
  // The id comes out of a file that anyone may have written: it leads nowhere else.
  if (!/^[\w-][\w.-]*$/u.test(runId)) return documents;
  const evolution = join(folder, ".openexpertise", "evolution", `${runId}.md`);
  if (await source.look(evolution)) documents.push({ label: "Evolution proposals", file: evolution });
  return documents;
}

/** The first of the runs that called each other, as far as they are known: the id of one that was not read is its end. */
function findRoots(logs: readonly RunLog[]): (runId: string) => string {
  const parents = new Map<string, string>();
  for (const { runId, records } of logs) {
    const start = records.find(({ kind }) => kind === "runStarted");
    const parent = start && parentOf(start);
    if (parent !== undefined) parents.set(runId, parent);
  }
  return (runId) => {
    const seen = new Set<string>();
    let root = runId;
    for (let next = parents.get(root); next !== undefined; next = parents.get(root)) {
      if (seen.has(next)) return runId;
      seen.add(next);
      root = next;
    }
    return root;
  };
}

async function listRunLogs(folder: string, signal?: AbortSignal, tree?: FolderTree): Promise<string[]> {
  const files: string[] = [];
  for await (const file of findRunLogs(folder, signal, tree)) files.push(file);
  return files.sort();
}

/** Whether one of its first lines is an event of OpenExpertise, whole or cut by the end of what is looked at. */
async function beginsLikeRunLog(path: string): Promise<boolean> {
  const head = await readHead(path);
  const lines = head?.split("\n", headLines).map((line) => line.replace(/^\ufeff/u, "").trim()) ?? [];
  return lines.some((line) => {
    const value = parseJson(line);
    if (isRecord(value)) return parseRunLogRecord(value, 1).record.kind !== "other";
    return line.length === head?.length && /^\{"type":"run\.started","run_id":"/u.test(line);
  });
}

const headLines = 20;
