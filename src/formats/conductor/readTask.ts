/** A task's folder: its runs, in the order in which they began, what was posted about them, and how the task stands. */
import { basename, dirname, join } from "node:path";
import { firstLine } from "../../model/plainText";
import type { ForeignDocument, ForeignGroup, ForeignRun, FormatProblem } from "../format";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { assignNotes, type Note, noteOfMessage, noteOfRequest } from "./assignNotes";
import type { BusMessage } from "./messageBus";
import { isRunOfTask } from "./places";
import { readYaml, textOf } from "./readYaml";
import { type RunInfo, readLegacyInfo, readRunInfo, timeOfRunId } from "./runInfo";
import { type AuditRecord, readBusFile, type Surroundings, taskBusFile } from "./surroundings";
import { translateRun } from "./translateRun";

export interface UnitReading {
  runs: ForeignRun[];
  problems: FormatProblem[];
  groups: ForeignGroup[];
  files: readonly string[];
}

interface TaskRun {
  dir: string;
  name: string;
  info: RunInfo | undefined;
  /** As the system knows it. */
  runId: string;
  parentRunId: string | undefined;
  startedAt: number;
  isDated: boolean;
  problems: FormatProblem[];
}

const archivedBus = /^TASK-MESSAGE-BUS\.md\.\d{8}-\d{6}.*\.archived$/u;
const cancelledLimit = 16 * 1024;

/** @param only the folder name of the one run that is wanted */
export async function readTask(
  taskDir: string,
  around: Surroundings,
  only?: string,
  signal?: AbortSignal,
): Promise<UnitReading> {
  const source = openSourceFiles(taskDir, signal);
  const entries = await source.list(taskDir);
  const has = (name: string) => entries.some((entry) => entry.name === name && entry.kind === "file");
  const projectDir = dirname(taskDir);
  const busNames = [...entries.map(({ name }) => name).filter((name) => archivedBus.test(name)), taskBusFile];
  const posted: BusMessage[] = [];
  for (const name of busNames) posted.push(...(await readBusFile(source, join(taskDir, name))));
  const isOfTask = ({ projectId, taskId }: { projectId?: string; taskId?: string }) =>
    taskId === basename(taskDir) && (projectId === undefined || projectId === basename(projectDir));
  const ofProject = (await around.busOf(projectDir)).filter(isOfTask);
  const asked = (await around.asked()).filter(isOfTask);
  const notes = [
    ...posted.map((message) => noteOfMessage(message, "task")),
    ...ofProject.map((message) => noteOfMessage(message, "project")),
    ...asked.map(noteOfRequest),
  ];
  const runs = await listRuns(source, taskDir, entries, notes);
  const assigned = assignNotes(notes, runs);
  const task = await source.text(join(taskDir, "TASK.md"));
  const cancelled = has("CANCELLED") ? await readCancelled(source, join(taskDir, "CANCELLED")) : undefined;
  const ids = originalIds(posted);
  const read: ForeignRun[] = [];
  for (const run of runs) {
    source.check();
    if (only !== undefined && run.name !== only) continue;
    const { info = {}, runId } = run;
    const jobId = `${info.projectId ?? basename(projectDir)}/${info.taskId ?? basename(taskDir)}`;
    const { dir, startedAt, isDated, parentRunId, problems } = run;
    read.push(
      ...(await translateRun(source, {
        ...{ dir, info: run.info, startedAt, isDated, task, cancelled, problems, group: taskDir },
        runId: ids.runs.get(runId) ?? runId,
        jobId: ids.job ?? jobId,
        parentRunId: parentRunId === undefined ? undefined : (ids.runs.get(parentRunId) ?? parentRunId),
        previousRunId:
          info.previousRunId === undefined ? undefined : (ids.runs.get(info.previousRunId) ?? info.previousRunId),
        notes: assigned.get(run) ?? [],
        isStopRequested: asked.some((request) => asksToStop(request, run)),
        requestId: asked.find(({ runId: id, endpoint }) => id === runId && endpoint === "POST /api/v1/tasks")
          ?.requestId,
      })),
    );
  }
  const state = await stateOf(source, taskDir, around, { cancelled, isDone: has("DONE"), runs, posted });
  const documents = entries.flatMap(({ name, kind }): ForeignDocument[] => {
    const label = kind === "file" ? labelOf(name) : undefined;
    return label === undefined ? [] : [{ label, file: join(taskDir, name) }];
  });
  const group: ForeignGroup = {
    ...{ id: taskDir, parent: projectDir, label: basename(taskDir), documents },
    ...(state !== undefined && { state }),
  };
  return {
    runs: read,
    problems: source.problems,
    groups: [...(await groupsAbove(projectDir, around)), group],
    files: source.files,
  };
}

async function listRuns(
  source: SourceFiles,
  taskDir: string,
  entries: readonly { name: string; kind: string }[],
  notes: readonly Note[],
): Promise<TaskRun[]> {
  if (!entries.some(({ name, kind }) => name === "runs" && kind === "folder")) return [];
  const runs: TaskRun[] = [];
  for (const { name, kind } of await source.list(join(taskDir, "runs"))) {
    const dir = join(taskDir, "runs", name);
    const files = kind === "folder" ? (await source.list(dir)).map((each) => each.name) : undefined;
    if (files && isRunOfTask(name, files)) runs.push(await openRun(source, dir, files, notes));
  }
  return runs.sort((a, b) => a.startedAt - b.startedAt);
}

/** A run that is in no task: one of the shell scripts, or one that was copied out of its task. */
export async function readLoneRun(runDir: string, signal?: AbortSignal): Promise<UnitReading> {
  const source = openSourceFiles(runDir, signal);
  const files = (await source.list(runDir)).map(({ name }) => name);
  const run = await openRun(source, runDir, files, []);
  const { info = {}, runId, dir, startedAt, isDated, parentRunId, problems } = run;
  const known = [info.projectId, info.taskId].filter((part) => part !== undefined);
  const runs = await translateRun(source, {
    ...{ dir, info: run.info, startedAt, isDated, runId, parentRunId, problems, notes: [] },
    jobId: known.length > 0 ? known.join("/") : runId,
    previousRunId: info.previousRunId,
  });
  return { runs, problems: source.problems, groups: [], files: source.files };
}

async function openRun(
  source: SourceFiles,
  dir: string,
  files: readonly string[],
  notes: readonly Note[],
): Promise<TaskRun> {
  const before = source.problems.length;
  const name = basename(dir);
  const info = (await readRunInfo(source, dir)) ?? (await readLegacyInfo(source, dir));
  const problems = source.problems.splice(before);
  const runId = info?.runId ?? name;
  const posted = notes.find((note) => note.name === "RUN_START" && note.runId === runId)?.timestamp;
  const recorded = info?.startedAt ?? (posted || timeOfRunId(runId) || timeOfRunId(name));
  const startedAt = recorded ?? info?.endedAt ?? (await firstChange(source, dir, files));
  return {
    dir,
    name,
    info,
    runId,
    parentRunId: info?.parentRunId,
    startedAt,
    isDated: recorded !== undefined,
    problems,
  };
}

/** The nearest to a start that is known where nothing says one. */
async function firstChange(source: SourceFiles, dir: string, files: readonly string[]): Promise<number> {
  let first: number | undefined;
  for (const file of files) {
    const { modifiedAt } = (await source.look(join(dir, file))) ?? {};
    if (modifiedAt !== undefined) first = Math.min(first ?? modifiedAt, modifiedAt);
  }
  return first ?? 0;
}

function asksToStop({ endpoint = "", runId, timestamp }: AuditRecord, run: TaskRun): boolean {
  if (endpoint.startsWith("DELETE ") && /\/tasks\/[^/]+$/u.test(endpoint)) return timestamp >= run.startedAt;
  return runId === run.runId && endpoint.endsWith("/stop");
}

/** Runs of ours that were written for Conductor Loop under ids of its kind. */
function originalIds(messages: readonly BusMessage[]): { job?: string; runs: Map<string, string> } {
  const runs = new Map<string, string>();
  let job: string | undefined;
  for (const { type, runId, meta } of messages) {
    if (type !== "RUN_START" || runId === undefined) continue;
    if (meta?.runtrail_run_id !== undefined) runs.set(runId, meta.runtrail_run_id);
    job ??= meta?.runtrail_job_id;
  }
  return { runs, ...(job !== undefined && { job }) };
}

/** Its reason; empty where it names none. */
async function readCancelled(source: SourceFiles, file: string): Promise<string> {
  const { size = 0 } = (await source.look(file)) ?? {};
  const text = size > cancelledLimit ? "" : ((await source.text(file)) ?? "");
  return (
    /^reason:[ \t]*(?<reason>.*)$/mu
      .exec(text)
      ?.groups?.reason?.trim()
      .replace(/^"(.*)"$/u, "$1") ?? ""
  );
}

async function stateOf(
  source: SourceFiles,
  taskDir: string,
  around: Surroundings,
  known: { cancelled: string | undefined; isDone: boolean; runs: readonly TaskRun[]; posted: readonly BusMessage[] },
): Promise<string | undefined> {
  const { cancelled, isDone, runs, posted } = known;
  if (cancelled !== undefined) return cancelled === "" ? "cancelled" : `cancelled: ${cancelled}`;
  if (isDone) return "done";
  const [project, task] = [basename(dirname(taskDir)), basename(taskDir)];
  const waiting = (await around.waiting()).find((entry) => entry.projectId === project && entry.taskId === task);
  if (waiting) return `queued, place ${waiting.place}`;
  if (runs.some(({ info }) => info !== undefined)) return lossOf(posted);
  const blocking = await blockingTasks(source, taskDir, around);
  return blocking.length > 0 ? `blocked by ${blocking.join(", ")}` : undefined;
}

/** The last word of the loop, where it gave up. */
function lossOf(posted: readonly BusMessage[]): string | undefined {
  const last = posted.findLast(
    ({ runId, body }) => runId === undefined && /^(?:task failed:|starting root)/u.test(body),
  );
  return last?.body.startsWith("task failed:") ? firstLine(last.body.slice("task ".length)) : undefined;
}

const dependenciesAtMost = 100;

async function blockingTasks(source: SourceFiles, taskDir: string, around: Surroundings): Promise<string[]> {
  const file = join(taskDir, "TASK-CONFIG.yaml");
  const text = await source.text(file);
  if (text === undefined || text.trim() === "") return [];
  const { value, fault } = readYaml(text);
  if (fault) source.problems.push({ file, ...fault });
  const named = Array.isArray(value.depends_on) ? value.depends_on.slice(0, dependenciesAtMost) : [];
  const blocking: string[] = [];
  for (const each of named) {
    const id = textOf(each);
    if (id === undefined) continue;
    const isName = /^[A-Za-z0-9_][\w.-]*$/u.test(id);
    if (!isName || !(await around.isReady(join(dirname(taskDir), id)))) blocking.push(id);
  }
  return blocking;
}

async function groupsAbove(projectDir: string, around: Surroundings): Promise<ForeignGroup[]> {
  const atRoot = await around.documentsOfRoot();
  const root = { id: around.root, label: basename(around.root), documents: atRoot };
  const project = {
    ...{ id: projectDir, label: basename(projectDir), documents: await around.documentsOfProject(projectDir) },
    ...(atRoot.length > 0 && { parent: around.root }),
  };
  return atRoot.length > 0 ? [root, project] : [project];
}

const labels: Readonly<Record<string, string>> = {
  "TASK.md": "Task",
  [taskBusFile]: "Message bus of the task",
  "TASK-CONFIG.yaml": "Settings of the task",
  "TASK-THREAD-LINK.yaml": "What the task answers",
  CANCELLED: "Cancellation",
};

function labelOf(name: string): string | undefined {
  if (archivedBus.test(name))
    return `Earlier message bus of the task (${name.slice(taskBusFile.length + 1, -".archived".length)})`;
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
