/** Perstack's events with where they were read from: out of the files of a job folder, or the lines of a stream. */
import type { Dirent } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { codeOf, messageOf } from "../../base/errors";
import { parseJson, splitLines } from "../../base/lines";
import type { FormatProblem } from "../format";
import { type PerstackEvent, parsePerstackEvent } from "./perstackEvent";

export interface PerstackRecord {
  event: PerstackEvent;
  file: string;
  line?: number;
}

/** A single file of a job is small; one this large is not read whole into memory. */
const largestFile = 256 * 1024 * 1024;
const width = 16;

export const eventFile = /^event-(?<timestamp>\d+)-(?<step>\d+)-(?<type>\w+)\.json$/u;

/** Folders below, links not followed, hidden ones passed over; none where there is no such folder. */
export async function foldersIn(path: string): Promise<string[]> {
  return (await entriesOf(path)).flatMap((entry) =>
    entry.isDirectory() && !entry.name.startsWith(".") ? [entry.name] : [],
  );
}

export async function filesIn(path: string): Promise<string[]> {
  return (await entriesOf(path)).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Run folders of a job that are not ours: those hold a journal. */
export async function perstackRunFolders(jobDir: string): Promise<{ dir: string; runId: string; files: string[] }[]> {
  const found = await Promise.all(
    (await foldersIn(join(jobDir, "runs"))).map(async (runId) => {
      const dir = join(jobDir, "runs", runId);
      return { dir, runId, files: await filesIn(dir) };
    }),
  );
  return found.filter(({ files }) => !files.includes("events.jsonl"));
}

/** The events of a job's run folders, in the order in which they happened. */
export async function readEventFiles(
  jobDir: string,
  signal?: AbortSignal,
): Promise<{ records: PerstackRecord[]; problems: FormatProblem[] }> {
  const folders = await perstackRunFolders(jobDir);
  const paths = folders.flatMap(({ dir, files }) =>
    files.filter((name) => eventFile.test(name)).map((name) => join(dir, name)),
  );
  const records: PerstackRecord[] = [];
  const problems: FormatProblem[] = [];
  const begun = new Set<string>();
  const take = async (file: string) => {
    const read = await readJsonFile(file);
    const parsed = "problem" in read ? read : parsePerstackEvent(read.value);
    if ("problem" in parsed) {
      problems.push({ file, reason: parsed.problem });
      return;
    }
    // The folder is what says whose the event is: a name from outside must not lead elsewhere.
    const event = { ...parsed.event, jobId: basename(jobDir), runId: basename(dirname(file)) };
    records.push({ event: withoutConversation(event, begun), file });
  };
  const isStart = (path: string) => path.endsWith("-startRun.json");
  await eachFile(paths.filter(isStart), signal, take);
  await eachFile(
    paths.filter((path) => !isStart(path)),
    signal,
    take,
  );
  records.sort((a, b) => compareEvents(a.event, b.event));
  problems.sort((a, b) => (a.file < b.file ? -1 : 1));
  return { records, problems };
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

/** Several files side by side; stops where the signal is aborted, by throwing its reason. */
export async function eachFile(
  paths: readonly string[],
  signal: AbortSignal | undefined,
  action: (path: string) => Promise<void>,
): Promise<void> {
  const queue = paths.values();
  const worker = async () => {
    for (const path of queue) {
      signal?.throwIfAborted();
      await action(path);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

export async function readJsonFile(
  path: string,
): Promise<{ value: unknown; modifiedAt: number } | { problem: string }> {
  const read = await readTextFile(path);
  if ("problem" in read) return read;
  const value = parseJson(read.text);
  if (value === undefined) return { problem: "Not JSON: half written, or written by two at once." };
  return { value, modifiedAt: read.modifiedAt };
}

async function readTextFile(path: string): Promise<{ text: string; modifiedAt: number } | { problem: string }> {
  try {
    const handle = await open(path, "r");
    try {
      const { size, mtimeMs } = await handle.stat();
      if (size > largestFile) return { problem: `Too large to be read (${size} bytes).` };
      return { text: await handle.readFile("utf8"), modifiedAt: Math.floor(mtimeMs) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { problem: codeOf(error) === "ENOENT" ? "There is no such file." : messageOf(error) };
  }
}

/** The lines of an event stream; other values (such as events of ours) are handed to `other`, which says what they are. */
export async function readEventStream(
  file: string,
  other: (value: unknown) => boolean,
): Promise<{ records: PerstackRecord[]; problems: FormatProblem[] }> {
  const read = await readTextFile(file);
  if ("problem" in read) return { records: [], problems: [{ file, reason: read.problem }] };
  const { lines, tail } = splitLines(read.text);
  const records: PerstackRecord[] = [];
  const problems: FormatProblem[] = [];
  const begun = new Set<string>();
  const take = (text: string, line: number): string | undefined => {
    const value = parseJson(text);
    if (value === undefined) return "Not JSON.";
    if (other(value)) return undefined;
    const parsed = parsePerstackEvent(value);
    if ("problem" in parsed) return parsed.problem;
    records.push({ event: withoutConversation(parsed.event, begun), file, line });
    return undefined;
  };
  for (const { text, number } of lines) {
    const reason = text.trim() === "" ? undefined : take(text, number);
    if (reason) problems.push({ file, line: number, reason });
  }
  const line = lines.length + 1;
  if (tail.trim() !== "" && take(tail, line) !== undefined) {
    problems.push({ file, line, reason: `The last record is torn (${Buffer.byteLength(tail)} bytes).` });
  }
  return { records, problems };
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
