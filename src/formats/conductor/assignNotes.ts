/** Which run a message or a request is about: the one it names, else the one that its time and its words tell. */

import type { BusMessage } from "./messageBus";
import type { AuditRecord } from "./surroundings";

/** What stands beside a run: it becomes a `foreignEvent` in it. */
export interface Note {
  timestamp: number;
  runId?: string | undefined;
  name: string;
  data: Readonly<Record<string, unknown>>;
  body: string;
}

export interface NotedRun {
  runId: string;
  startedAt: number;
  parentRunId?: string | undefined;
}

/** Of a message before the run that it tells of. */
const opening = /^(?:starting root agent|task blocked by dependencies|dependencies satisfied)/u;
/** The time in a run's id has no fraction. */
const second = 1000;

export function opensRun({ name, body }: Note): boolean {
  return name === "RUN_START" || opening.test(body);
}

/** By run, each list by time. None is left out where there is a run. @param runs oldest first */
export function assignNotes<R extends NotedRun>(notes: readonly Note[], runs: readonly R[]): Map<R, Note[]> {
  const lists = new Map<R, Note[]>(runs.map((run) => [run, []]));
  const ids = new Map(runs.map((run) => [run.runId, run]));
  const roots = runs.filter(({ parentRunId }) => parentRunId === undefined);
  const candidates = roots.length > 0 ? roots : runs;
  for (const note of [...notes].sort((a, b) => a.timestamp - b.timestamp)) {
    const named = note.runId === undefined ? undefined : ids.get(note.runId);
    const run = named ?? runAt(note, candidates);
    if (run) lists.get(run)?.push(note);
  }
  return lists;
}

function runAt<R extends NotedRun>(note: Note, runs: readonly R[]): R | undefined {
  const { timestamp } = note;
  if (opening.test(note.body)) {
    const next = runs.find(({ startedAt }) => startedAt + (startedAt % second === 0 ? second : 0) >= timestamp);
    return next ?? runs.at(-1);
  }
  return runs.findLast(({ startedAt }) => startedAt <= timestamp) ?? runs[0];
}

export function noteOfMessage(message: BusMessage, bus: "task" | "project"): Note {
  const { id, ts, timestamp, type, projectId, taskId, runId, issueId, parents, links, meta, body } = message;
  const data = {
    ...(bus === "project" && { bus }),
    msg_id: id,
    ...(ts !== undefined && { ts }),
    ...(projectId !== undefined && { project_id: projectId }),
    ...(taskId !== undefined && { task_id: taskId }),
    ...(runId !== undefined && { run_id: runId }),
    ...(issueId !== undefined && { issue_id: issueId }),
    ...(parents && { parents }),
    ...(links && { links }),
    ...(meta && { meta }),
    body,
  };
  return { timestamp, runId, name: type, data, body };
}

export function noteOfRequest({ timestamp, runId, record }: AuditRecord): Note {
  return { timestamp, runId, name: "audit", data: record, body: "" };
}
