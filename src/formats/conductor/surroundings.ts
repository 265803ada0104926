/** What lies around a task in its root and says something of it: the project's message bus, the planner's queue, the audit log. */
import { lstat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isRecord } from "../../model/toolText";
import type { ForeignDocument, FormatProblem } from "../format";
import { readJsonRecords } from "../jsonRecords";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { type BusMessage, readMessageBus } from "./messageBus";
import { isRunOfTask } from "./places";
import { integerOf, readYaml, textOf } from "./readYaml";
import { readRunInfo } from "./runInfo";

export const taskBusFile = "TASK-MESSAGE-BUS.md";
export const projectBusFile = "PROJECT-MESSAGE-BUS.md";

/** Somebody asked for something over HTTP. */
export interface AuditRecord {
  timestamp: number;
  projectId?: string;
  taskId?: string;
  runId?: string;
  requestId?: string;
  /** Such as "POST /api/v1/tasks". */
  endpoint?: string;
  /** As it stands in the log. */
  record: Record<string, unknown>;
}

export interface QueueEntry {
  projectId: string;
  taskId: string;
  /** Counted from 1, among those that wait. */
  place: number;
}

/** Read once for all tasks of a root. */
export class Surroundings {
  private readonly source: SourceFiles;
  private readonly buses = new Map<string, Promise<BusMessage[]>>();
  private readonly ready = new Map<string, Promise<boolean>>();
  private queue: Promise<QueueEntry[]> | undefined;
  private audit: Promise<AuditRecord[]> | undefined;
  private readonly readOfOthers: string[] = [];

  /** @param root the folder that holds the projects */
  constructor(
    readonly root: string,
    private readonly signal?: AbortSignal,
  ) {
    this.source = openSourceFiles(root, signal);
  }

  get problems(): readonly FormatProblem[] {
    return this.source.problems;
  }

  get files(): readonly string[] {
    return [...this.source.files, ...this.readOfOthers];
  }

  async busOf(projectDir: string): Promise<BusMessage[]> {
    const file = join(projectDir, projectBusFile);
    const known = this.buses.get(projectDir) ?? readBusFile(this.source, file);
    this.buses.set(projectDir, known);
    return await known;
  }

  async waiting(): Promise<QueueEntry[]> {
    this.queue ??= this.readQueue();
    return await this.queue;
  }

  async asked(): Promise<AuditRecord[]> {
    this.audit ??= this.readAudit();
    return await this.audit;
  }

  /** Whether tasks that depend on it may start: it is done, or its newest run is and none goes on. */
  async isReady(taskDir: string): Promise<boolean> {
    const known = this.ready.get(taskDir) ?? this.readReadiness(taskDir);
    this.ready.set(taskDir, known);
    return await known;
  }

  async documentsOfRoot(): Promise<ForeignDocument[]> {
    return await this.documents(
      ["Queue of tasks", this.root, ".conductor", "root-task-planner.yaml"],
      ["Audit log", this.root, "_audit", "form-submissions.jsonl"],
    );
  }

  async documentsOfProject(projectDir: string): Promise<ForeignDocument[]> {
    return await this.documents(
      ["Message bus of the project", projectDir, "", projectBusFile],
      ["Facts of the project", projectDir, "", "PROJECT-FACTS.md"],
    );
  }

  private async documents(
    ...wanted: [label: string, ...place: [string, string, string]][]
  ): Promise<ForeignDocument[]> {
    const documents: ForeignDocument[] = [];
    for (const [label, ...place] of wanted) {
      const file = await this.fileIn(...place);
      if (file !== undefined) documents.push({ label, file });
    }
    return documents;
  }

  /** Step by step: no folder on the way is a link that leads elsewhere. */
  private async fileIn(above: string, folder: string, name: string): Promise<string | undefined> {
    if (folder !== "" && !(await this.has(above, folder, "folder"))) return undefined;
    const inside = join(above, folder);
    return (await this.has(inside, name, "file")) ? join(inside, name) : undefined;
  }

  private async has(folder: string, name: string, kind: "file" | "folder"): Promise<boolean> {
    return (await this.source.list(folder)).some((entry) => entry.name === name && entry.kind === kind);
  }

  private async readQueue(): Promise<QueueEntry[]> {
    const file = await this.fileIn(this.root, ".conductor", "root-task-planner.yaml");
    const text = file === undefined ? undefined : await this.source.text(file);
    if (file === undefined || text === undefined || text.trim() === "") return [];
    const { value, fault } = readYaml(text);
    if (fault) this.source.problems.push({ file, ...fault });
    const entries = Array.isArray(value.entries) ? value.entries : [];
    return entries
      .flatMap((entry: unknown) => {
        if (!isRecord(entry) || textOf(entry.state) !== "queued") return [];
        const [projectId, taskId] = [textOf(entry.project_id), textOf(entry.task_id)];
        if (projectId === undefined || taskId === undefined) return [];
        return [{ projectId, taskId, order: integerOf(entry.order) ?? Number.MAX_SAFE_INTEGER }];
      })
      .sort((a, b) => a.order - b.order)
      .map(({ projectId, taskId }, index) => ({ projectId, taskId, place: index + 1 }));
  }

  private async readAudit(): Promise<AuditRecord[]> {
    const file = await this.fileIn(this.root, "_audit", "form-submissions.jsonl");
    const records: AuditRecord[] = [];
    if (file === undefined) return records;
    for await (const { value } of readJsonRecords(this.source, file)) {
      const known = {
        projectId: textOf(value.project_id),
        taskId: textOf(value.task_id),
        runId: textOf(value.run_id),
        requestId: textOf(value.request_id),
        endpoint: textOf(value.endpoint),
      };
      const timestamp = readTime(value.timestamp) ?? records.at(-1)?.timestamp ?? 0;
      records.push({ timestamp, ...withoutNone(known), record: value });
    }
    return records;
  }

  private async readReadiness(taskDir: string): Promise<boolean> {
    if (!(await this.has(dirname(taskDir), basename(taskDir), "folder"))) return false;
    const entries = await this.source.list(taskDir);
    if (entries.some(({ name, kind }) => name === "DONE" && kind === "file")) return true;
    if (!entries.some(({ name, kind }) => name === "runs" && kind === "folder")) return false;
    // Its problems are told where it is read for itself.
    const own = openSourceFiles(taskDir, this.signal);
    const infos = [];
    for (const { name, kind } of await own.list(join(taskDir, "runs"))) {
      const runDir = join(taskDir, "runs", name);
      const files = kind === "folder" ? await own.list(runDir) : [];
      if (
        isRunOfTask(
          name,
          files.map((each) => each.name),
        )
      )
        infos.push(await readRunInfo(own, runDir));
    }
    this.readOfOthers.push(...own.files);
    return infos.at(-1)?.status === "completed" && infos.every((info) => info?.status !== "running");
  }
}

/** Conductor Loop refuses a bus that is a link: what it leads to is none of the task's. */
export async function readBusFile(source: SourceFiles, file: string): Promise<BusMessage[]> {
  const stats = await lstat(file).catch(() => undefined);
  if (stats?.isSymbolicLink()) {
    source.problems.push({ file, reason: "A message bus that is a link is not read." });
    return [];
  }
  return await readMessageBus(source, file);
}

function withoutNone<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
