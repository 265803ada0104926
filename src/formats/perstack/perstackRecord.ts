/** Perstack's events with where they were read from: out of the files of a job folder, or the lines of a stream. */
import { basename, dirname, join } from "node:path";
import { readJsonFile } from "../jsonFile";
import { readJsonRecords } from "../jsonRecords";
import type { SourceFiles } from "../sourceFiles";
import { type PerstackEvent, parsePerstackEvent } from "./perstackEvent";

export interface PerstackRecord {
  event: PerstackEvent;
  file: string;
  line?: number;
}

export const eventFile = /^event-(?<timestamp>\d+)-(?<step>\d+)-(?<type>\w+)\.json$/u;

/** Names of the folders in a folder, hidden ones passed over. */
export async function foldersIn(source: SourceFiles, folder: string): Promise<string[]> {
  const entries = await source.list(folder);
  return entries.flatMap(({ name, kind }) => (kind === "folder" && !name.startsWith(".") ? [name] : []));
}

export async function filesIn(source: SourceFiles, folder: string): Promise<string[]> {
  return (await source.list(folder)).flatMap(({ name, kind }) => (kind === "file" ? [name] : []));
}

export interface PerstackRunFolder {
  dir: string;
  runId: string;
  /** Names. */
  files: string[];
}

/** Run folders of a job that are not ours: those hold a journal. */
export async function perstackRunFolders(source: SourceFiles, jobDir: string): Promise<PerstackRunFolder[]> {
  const folders: PerstackRunFolder[] = [];
  for (const runId of await foldersIn(source, join(jobDir, "runs"))) {
    const dir = join(jobDir, "runs", runId);
    const files = await filesIn(source, dir);
    if (!files.includes("events.jsonl")) folders.push({ dir, runId, files });
  }
  return folders;
}

/** The events of a job's run folders, in the order in which they happened. */
export async function readEventFiles(
  source: SourceFiles,
  jobDir: string,
  folders: readonly PerstackRunFolder[],
): Promise<PerstackRecord[]> {
  const paths = folders.flatMap(({ dir, files }) =>
    files.filter((name) => eventFile.test(name)).map((name) => join(dir, name)),
  );
  const records: PerstackRecord[] = [];
  const begun = new Set<string>();
  const take = async (file: string) => {
    const value = await readJsonFile(source, file);
    if (value === undefined) return;
    const parsed = parsePerstackEvent(value);
    if ("problem" in parsed) {
      source.problems.push({ file, reason: parsed.problem });
      return;
    }
    // The folder is what says whose the event is: a name from outside must not lead elsewhere.
    const event = { ...parsed.event, jobId: basename(jobDir), runId: basename(dirname(file)) };
    records.push({ event: withoutConversation(event, begun), file });
  };
  const isStart = (path: string) => path.endsWith("-startRun.json");
  await source.each(paths.filter(isStart), take);
  await source.each(
    paths.filter((path) => !isStart(path)),
    take,
  );
  return records.sort((a, b) => compareEvents(a.event, b.event) || (a.file < b.file ? -1 : 1));
}

/**
 * A long run tells its conversation again with each generation: it is let go as soon as it was read.
 * @param begun the runs whose start is known, which is added to
 */
function withoutConversation(event: PerstackEvent, begun: Set<string>): PerstackEvent {
  if (event.type === "startRun") begun.add(event.runId);
  if (event.type !== "startGeneration" || !begun.has(event.runId)) return event;
  const { messages, ...rest } = event;
  return { ...rest, messageCount: messages?.length };
}

/** The lines of an event stream; other values (such as events of ours) are handed to `other`, which says what they are. */
export async function readEventStream(
  source: SourceFiles,
  file: string,
  other: (value: unknown) => boolean,
): Promise<PerstackRecord[]> {
  const records: PerstackRecord[] = [];
  const begun = new Set<string>();
  for await (const { value, line } of readJsonRecords(source, file)) {
    if (other(value)) continue;
    const parsed = parsePerstackEvent(value);
    if ("problem" in parsed) source.problems.push({ file, line, reason: parsed.problem });
    else records.push({ event: withoutConversation(parsed.event, begun), file, line });
  }
  return records;
}

/** What is known first of events of one millisecond: the order in which a step goes through them. */
const order: readonly string[] = [
  ...["initializeRuntime", "skillStarting", "skillStderr", "skillConnected", "startRun", "documentedStart"],
  ...["finishAllToolCalls", "resumeToolCalls", "startGeneration", "callTools", "finishGeneration"],
  ...["callDelegate", "callInteractiveTool", "resolveToolResults", "attemptCompletion", "finishToolCall", "retry"],
  ...["continueToNextStep", "finishStep", "stopRunByDelegate", "stopRunByInteractiveTool", "stopRunByExceededMaxSteps"],
  ...["stopRunByError", "errorRun", "completeRun", "finishRun", "skillDisconnected"],
];

function compareEvents(a: PerstackEvent, b: PerstackEvent): number {
  return (
    a.timestamp - b.timestamp ||
    (a.stepNumber ?? 0) - (b.stepNumber ?? 0) ||
    order.indexOf(a.type) - order.indexOf(b.type)
  );
}
