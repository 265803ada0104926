/** Reads one session of Codex: a rollout. */
import { basename } from "node:path";
import { openSession, projectGroup, type SessionOpening, toForeignRun } from "../agents/agentSession";
import { fieldsOf, textOf } from "../agents/fields";
import type { Source } from "../foreignRunBuilder";
import type { ForeignRuns } from "../format";
import { readJsonRecords } from "../jsonRecords";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { promptIn, rolloutRecord, workspaceIn } from "./rolloutRecord";
import { RolloutTeller } from "./rolloutTeller";

export async function readCodexSession(file: string, signal?: AbortSignal): Promise<ForeignRuns> {
  const source = openSourceFiles(file, signal);
  const opening = await openingOf(openSourceFiles(file, signal), file);
  const timestamp = opening.startedAt ?? (await source.look(file))?.modifiedAt ?? 0;
  const start: Source = opening.startedAt === undefined ? { timestamp, isUntimed: true } : { timestamp };
  const builder = openSession("codex", opening, start);
  const teller = new RolloutTeller(builder, start, opening.query);
  for await (const { value } of readJsonRecords(source, file)) teller.take(value);
  teller.finish();
  const group = opening.workspace;
  const run = toForeignRun(builder, { dir: file, problems: source.problems, group });
  const groups = group === undefined ? {} : { groups: [projectGroup(group)] };
  return { source: file, runs: [run], problems: [], files: source.files, ...groups };
}

/** What stands before the first answer says what the run is. */
async function openingOf(source: SourceFiles, file: string): Promise<SessionOpening & { startedAt?: number }> {
  const found: Partial<SessionOpening> & { startedAt?: number } = {};
  for await (const { value } of readJsonRecords(source, file)) {
    const record = rolloutRecord(value);
    const { kind, name, body } = record;
    if (found.startedAt === undefined) {
      const at = readTime(value.timestamp) ?? readTime(body.timestamp);
      if (at !== undefined) found.startedAt = at;
    }
    // A further beginning is that of the session which this one was forked from.
    if (kind === "meta" && found.sessionId === undefined) {
      found.sessionId = textOf(body.id) ?? textOf(body.session_id);
      found.version = textOf(body.cli_version);
      Object.assign(found, lineageOf(body, found.sessionId));
    }
    found.workspace ??= workspaceIn(record);
    if (kind === "context") found.model ??= textOf(body.model);
    found.query ??= promptIn(record);
    const isAnswer = kind === "item" && (name !== "message" || body.role === "assistant");
    if (isAnswer && found.model !== undefined && found.query !== undefined) break;
  }
  const named = /-(?<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/iu.exec(file)?.groups?.id;
  return { ...found, sessionId: found.sessionId ?? named ?? basename(file, ".jsonl") };
}

/** A sub-agent names the thread that began it, a fork the one whose history it takes over. */
function lineageOf(meta: Record<string, unknown>, runId: string | undefined): Partial<SessionOpening> {
  const spawn = fieldsOf(fieldsOf(fieldsOf(meta.source).subagent).thread_spawn);
  const parent = textOf(spawn.parent_thread_id) ?? textOf(meta.parent_thread_id);
  const forked = textOf(meta.forked_from_id);
  const expertKey = textOf(spawn.agent_role) ?? textOf(meta.agent_role);
  return {
    ...(parent !== undefined && parent !== runId && { parent: { runId: parent } }),
    ...(parent !== undefined && expertKey !== undefined && { expertKey }),
    ...(forked !== undefined && parent === undefined && { origin: { kind: "fork", jobId: forked, runId: forked } }),
  };
}
