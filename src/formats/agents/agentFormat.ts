/** What the formats of the coding agents share: session files found by their names, read one by one or a folder at once. */

import { basename, join } from "node:path";
import type { ForeignGroup, ForeignRun, ForeignRuns, Format, FormatName, FormatProblem } from "../format";
import { isFolder } from "../isFolder";
import { oldestFirst } from "../oldestFirst";
import { type FolderTree, walkFiles } from "../walkFiles";
import type { AgentName } from "./agentOutput";
import { isCaptured, readCaptured } from "./captured";

export interface AgentFiles {
  name: FormatName;
  label: string;
  agent: AgentName;
  /** Of the agent's folder in a person's home, and where in it the sessions lie: other things there are many. */
  home: { folder: string; sessions: readonly string[] };
  /** By its path alone: whether it may be a session that is read on its own. */
  mayBeSession(file: string): boolean;
  /** By its beginning. */
  isSession(file: string): Promise<boolean>;
  readSession(file: string, signal?: AbortSignal): Promise<ForeignRuns>;
}

export function agentFormat(files: AgentFiles): Format {
  const { agent, isSession } = files;
  const read = async (path: string, signal?: AbortSignal): Promise<ForeignRuns> =>
    (await isSession(path)) ? await files.readSession(path, signal) : await readCaptured(agent, path, signal);
  return {
    name: files.name,
    label: files.label,
    async accepts(path) {
      if (!(await isFolder(path))) return (await isSession(path)) || (await isCaptured(agent, path));
      for await (const _ of sessionsIn(path, files)) return true;
      return false;
    },
    async find(folder, signal, tree) {
      signal?.throwIfAborted();
      const found: string[] = [];
      for await (const file of sessionsIn(folder, files, signal, tree)) found.push(file);
      return found.sort();
    },
    async read(path, signal) {
      signal?.throwIfAborted();
      if (!(await isFolder(path))) return await read(path, signal);
      const readings: ForeignRuns[] = [];
      for await (const file of sessionsIn(path, files, signal)) readings.push(await read(file, signal));
      return merge(path, readings);
    },
  };
}

async function* sessionsIn(
  folder: string,
  files: AgentFiles,
  signal?: AbortSignal,
  tree?: FolderTree,
): AsyncIterable<string> {
  const isHome = basename(folder) === files.home.folder;
  for (const root of isHome ? files.home.sessions.map((name) => join(folder, name)) : [folder]) {
    for await (const file of walkFiles(root, signal, undefined, tree)) {
      if (files.mayBeSession(file) && (await files.isSession(file))) yield file;
    }
  }
}

function merge(path: string, readings: readonly ForeignRuns[]): ForeignRuns {
  const runs: ForeignRun[] = [];
  const problems: FormatProblem[] = [];
  const groups = new Map<string, ForeignGroup>();
  const looked = [path];
  for (const reading of readings) {
    runs.push(...reading.runs);
    problems.push(...reading.problems);
    looked.push(...reading.files);
    for (const group of reading.groups ?? []) groups.set(group.id, group);
  }
  return {
    ...{ source: path, runs: oldestFirst(runs), problems, files: [...new Set(looked)] },
    ...(groups.size > 0 && { groups: [...groups.values()] }),
  };
}
