/** A file with the captured output of a coding agent, read on its own: nothing else says what it was asked. */

import { parseJson } from "../../base/lines";
import { isRecord } from "../../model/toolText";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import type { ForeignRuns } from "../format";
import { readHead } from "../readHead";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import type { AgentOutcome } from "./agentOutcome";
import { agentTotals } from "./agentOutcome";
import { type AgentName, authorOf, translateAgentOutput } from "./agentOutput";
import { openSession, type SessionOpening, toForeignRun } from "./agentSession";
import { type Fields, fieldsOf, textOf } from "./fields";

/** The JSON objects at the beginning of a file; text among them, and a last one that is cut, are passed over. */
export async function headRecords(file: string, most = 50): Promise<Fields[]> {
  const head = await readHead(file);
  const lines = head?.split("\n", most * 2).filter((line) => line.trimStart().startsWith("{")) ?? [];
  return lines.slice(0, most).flatMap((line) => {
    const value = parseJson(line);
    return isRecord(value) ? [value] : [];
  });
}

/** Whether a file is what this agent printed. */
export async function isCaptured(agent: AgentName, file: string): Promise<boolean> {
  for (const record of await headRecords(file, 20)) {
    const author = authorOf(record);
    if (author !== undefined) return author === agent && isOfStream(record);
  }
  return false;
}

/** A session file of Claude's has messages of the same shape; its ids are named otherwise. */
function isOfStream({ type, session_id: session, sessionId, uuid, parentUuid }: Fields): boolean {
  if (type !== "assistant" && type !== "user" && type !== "system") return true;
  return typeof session === "string" && sessionId === undefined && (parentUuid === undefined || uuid === undefined);
}

export async function readCaptured(agent: AgentName, file: string, signal?: AbortSignal): Promise<ForeignRuns> {
  const source = openSourceFiles(file, signal);
  const opening = await openingOf(agent, file);
  const start: Source =
    opening.startedAt === undefined ? await modified(source, file) : { timestamp: opening.startedAt };
  const builder = openSession(agent, opening, start);
  const outcome = await translateAgentOutput(agent, source, file, builder, start);
  if (!outcome.isRecognized) return { source: file, runs: [], problems: source.problems, files: source.files };
  const endedAt = outcome.endedAt ?? builder.lastTimestamp;
  tellEnd(builder, outcome, { timestamp: endedAt, isUntimed: opening.startedAt === undefined });
  const runs = [builder, ...outcome.delegates].map((each, index) =>
    toForeignRun(each, {
      dir: index === 0 ? file : `${file}#${each.runId}`,
      problems: index === 0 ? source.problems : [],
    }),
  );
  return { source: file, runs, problems: [], files: source.files };
}

/** Where no time is recorded: that of the file. */
async function modified(source: SourceFiles, file: string): Promise<Source> {
  return { timestamp: (await source.look(file))?.modifiedAt ?? 0, isUntimed: true };
}

async function openingOf(agent: AgentName, file: string): Promise<SessionOpening & { startedAt?: number }> {
  let found: Partial<SessionOpening> & { startedAt?: number } = {};
  for (const record of await headRecords(file)) {
    if (authorOf(record, agent) === undefined && record.prompt === undefined) continue;
    const message = fieldsOf(record.msg);
    const startedAt = readTime(record.timestamp);
    const isPrompt = agent === "gemini" && record.type === "message" && record.role === "user";
    found = {
      ...(startedAt !== undefined && { startedAt }),
      sessionId: textOf(record.session_id) ?? textOf(record.thread_id) ?? textOf(message.session_id),
      query: textOf(record.prompt) ?? (isPrompt ? textOf(record.content) : undefined),
      model: textOf(record.model) ?? textOf(message.model),
      workspace: textOf(record.cwd),
      version: textOf(record.claude_code_version),
      ...defined(found),
    };
  }
  return { ...found, sessionId: found.sessionId ?? fileName(file) };
}

function tellEnd(builder: ForeignRunBuilder, outcome: AgentOutcome, source: Source): void {
  if (!outcome.isEnded) return;
  const totals = agentTotals(builder, outcome, source);
  const { failure } = outcome;
  if (failure?.class === "max_steps" || failure?.class === "budget_exceeded") {
    const reason = failure.class === "max_steps" ? "maxSteps" : "budget";
    builder.emit({ type: "stopRun", reason, message: failure.message, ...totals }, source);
  } else if (failure) builder.emit({ type: "errorRun", error: failure, ...totals }, source);
  else builder.emit({ type: "finishRun", text: outcome.text ?? "", ...totals }, source);
}

function fileName(file: string): string {
  return file.split(/[\\/]/u).at(-1) ?? file;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
