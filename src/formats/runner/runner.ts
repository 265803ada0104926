/** Runner's format: a folder for each run with its `events.jsonl`, or such a log by itself. */

import { basename, dirname, join } from "node:path";
import { parseJson } from "../../base/lines";
import type { ForeignRuns, Format, FormatProblem } from "../format";
import { isFolder } from "../isFolder";
import { oldestFirst } from "../oldestFirst";
import { readHead } from "../readHead";
import { openSourceFiles } from "../sourceFiles";
import { type FolderTree, walkFiles } from "../walkFiles";
import { openRunnerSink, writeRunnerRuns } from "./openRunnerSink";
import { readRunnerLog } from "./readRunnerLog";
import { isRunnerRecord } from "./runnerRecord";
import { translateRun } from "./translateRun";

const logName = "events.jsonl";

export const runner: Format = {
  name: "runner",
  label: "Runner",
  async accepts(path) {
    if (!(await isFolder(path))) return await isLog(path);
    if (await isLog(join(path, logName))) return true;
    for await (const _ of unitsIn(path)) return true;
    return false;
  },
  async find(folder, signal, tree) {
    signal?.throwIfAborted();
    const units: string[] = [];
    for await (const unit of unitsIn(folder, signal, tree)) units.push(unit);
    return units.sort();
  },
  async read(path, signal) {
    signal?.throwIfAborted();
    if (!(await isFolder(path)) || (await isLog(join(path, logName)))) return await readUnit(path, signal);
    const all: ForeignRuns = { source: path, runs: [], problems: [], files: [path] };
    for await (const unit of unitsIn(path, signal)) {
      const { runs, problems, files } = await readUnit(unit, signal);
      all.runs.push(...runs);
      all.problems.push(...problems);
      all.files = [...all.files, ...files];
    }
    return { ...all, runs: oldestFirst(all.runs) };
  },
  write: writeRunnerRuns,
  openSink: openRunnerSink,
};

/** Run folders, and logs of other names. */
async function* unitsIn(folder: string, signal?: AbortSignal, tree?: FolderTree): AsyncIterable<string> {
  // Our journals have the same name; there may be thousands.
  const isEntered = (path: string) => basename(path) !== "jobs" || basename(dirname(path)) !== "perstack";
  for await (const file of walkFiles(folder, signal, isEntered, tree)) {
    if (!file.endsWith(".jsonl") || !(await isLog(file))) continue;
    yield basename(file) === logName ? dirname(file) : file;
  }
}

/** More than its first lines: what was cut or damaged there does not hide what comes after it. */
const mostLines = 20;
const opening = /^\uFEFF?\s*\{\s*"event_id"\s*:\s*"[^"]*"\s*,\s*"event_type"\s*:\s*"(?:run|step|gate|artifact)\./u;

async function isLog(file: string): Promise<boolean> {
  if (!/\.(?:jsonl|ndjson|log)$/u.test(file)) return false;
  const head = await readHead(file);
  const lines = head?.split("\n", mostLines) ?? [];
  return lines.some((line) => opening.test(line) || isRunnerRecord(parseJson(line)));
}

async function readUnit(path: string, signal?: AbortSignal): Promise<ForeignRuns> {
  const source = openSourceFiles(path, signal);
  const isRunFolder = await isFolder(path);
  const file = isRunFolder ? join(path, logName) : path;
  const name = basename(isRunFolder || basename(path) === logName ? dirname(file) : file.replace(/\.\w+$/u, ""));
  // What has another author is not searched for records.
  const isRead = isRunFolder || (await isLog(file)) || (await source.look(file)) === undefined;
  if (!isRead) return { source: path, runs: [], problems: [], files: [path] };
  const byRun = await readRunnerLog(source, file, name);
  const dirOf = (runId: string) => (byRun.length > 1 ? `${path}#${runId}` : path);
  const runs = byRun.map((records) => translateRun(records, file, dirOf));
  const only = runs.length === 1 ? runs[0] : undefined;
  const problems: FormatProblem[] = only ? [] : source.problems;
  if (only) only.problems = [...source.problems, ...only.problems];
  return { source: path, runs, problems, files: source.files };
}
