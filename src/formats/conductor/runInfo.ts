/** `run-info.yaml` of all versions, as far as it says something; and `cwd.txt` of the shell scripts before it. */
import { basename, join } from "node:path";
import type { FormatProblem } from "../format";
import { readTime } from "../readTime";
import type { SourceFiles } from "../sourceFiles";
import { integerOf, readYaml, textOf, yamlLimit } from "./readYaml";

export interface RunInfo {
  runId?: string;
  parentRunId?: string;
  previousRunId?: string;
  projectId?: string;
  taskId?: string;
  agent?: string;
  /** Unix ms. */
  startedAt?: number;
  /** Unix ms. */
  endedAt?: number;
  exitCode?: number;
  status?: string;
  errorSummary?: string;
  agentVersion?: string;
}

export const runInfoFile = "run-info.yaml";
export const legacyInfoFile = "cwd.txt";

/** `undefined` where there is none: the run waits for its turn, or was left behind. */
export async function readRunInfo(source: SourceFiles, runDir: string): Promise<RunInfo | undefined> {
  const file = join(runDir, runInfoFile);
  const text = await readShort(source, file);
  if (text === undefined) return undefined;
  if (text === "") return {};
  const { whole, fault: torn } = wholeLines(text);
  const { value, fault } = whole.trim() === "" ? { value: {} } : readYaml(whole);
  for (const each of [fault, torn]) if (each) source.problems.push({ file, ...each } satisfies FormatProblem);
  return defined({
    runId: textOf(value.run_id),
    parentRunId: textOf(value.parent_run_id),
    previousRunId: textOf(value.previous_run_id),
    projectId: textOf(value.project_id),
    taskId: textOf(value.task_id),
    agent: textOf(value.agent),
    startedAt: readTime(value.start_time),
    endedAt: readTime(value.end_time),
    exitCode: integerOf(value.exit_code),
    status: textOf(value.status),
    errorSummary: textOf(value.error_summary),
    agentVersion: textOf(value.agent_version),
  });
}

/** The file ended with the run: what it was last changed at is the run's end. */
export async function readLegacyInfo(source: SourceFiles, runDir: string): Promise<RunInfo | undefined> {
  const file = join(runDir, legacyInfoFile);
  const text = await readShort(source, file);
  if (text === undefined) return undefined;
  const values = new Map<string, string>();
  for (const line of wholeLines(text).whole.split(/\r?\n/u)) {
    const { key, value } = /^(?<key>[A-Z_]+)=(?<value>.*)$/u.exec(line)?.groups ?? {};
    if (key !== undefined && value) values.set(key, value.trim());
  }
  const exitCode = integerOf(values.get("EXIT_CODE"));
  const modifiedAt = exitCode === undefined ? undefined : (await source.look(file))?.modifiedAt;
  return defined({
    runId: values.get("RUN_ID"),
    agent: values.get("AGENT"),
    startedAt: timeOfRunId(values.get("RUN_ID") ?? "") ?? timeOfRunId(basename(runDir)),
    exitCode,
    status: exitCode === undefined ? "running" : exitCode === 0 ? "completed" : "failed",
    endedAt: modifiedAt,
  });
}

/** Empty, with a problem, where there is nothing that could be read. */
async function readShort(source: SourceFiles, file: string): Promise<string | undefined> {
  const look = await source.look(file);
  if (!look) return undefined;
  if (look.size > 0 && look.size <= yamlLimit) return (await source.text(file)) ?? "";
  const reason =
    look.size === 0 ? "The file is empty." : `Too large to be read: ${look.size} bytes, the limit is ${yamlLimit}.`;
  source.problems.push({ file, reason });
  return "";
}

/** Part of a last line without an end may be lost: a number or an id of it would be another one. */
function wholeLines(text: string): { whole: string; fault?: { line: number; reason: string } } {
  if (text.endsWith("\n")) return { whole: text };
  const start = text.lastIndexOf("\n") + 1;
  const last = text.slice(start);
  if (/^(?:status: (?:running|completed|failed)|\w+_time: \S+Z|EXIT_CODE=\d+)\s*$/u.test(last)) return { whole: text };
  const line = text.slice(0, start).split("\n").length;
  return { whole: text.slice(0, start), fault: { line, reason: "The last line is torn." } };
}

/** `YYYYMMDD-HHMMSS…` in UTC, as the ids of all versions begin, with or without `run_`. */
export function timeOfRunId(runId: string): number | undefined {
  const parts = /^(?:run_)?(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)\d{0,4}(?:-|$)/u.exec(runId);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return readTime(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
