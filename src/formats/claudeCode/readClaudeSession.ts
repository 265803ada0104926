/** Reads one session of Claude Code: its file, and those of its sub-agents beside it. */
import { basename, dirname, extname, join } from "node:path";
import { openSession, projectGroup, type SessionOpening, toForeignRun } from "../agents/agentSession";
import { ClaudeTeller } from "../agents/claudeTeller";
import { type Fields, fieldsOf, textOf } from "../agents/fields";
import type { Source } from "../foreignRunBuilder";
import type { ForeignRun, ForeignRuns } from "../format";
import { readJsonRecords } from "../jsonRecords";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { userWords } from "./claudeRecord";
import { type FoundAgent, SessionTeller } from "./sessionTeller";

interface Reading {
  source: SourceFiles;
  /** Of the session, without its extension: its sub-agents lie in it, or beside it. */
  folder: string;
  sessionId: string;
  /** By agent id: each is read once, whoever asks for it. */
  agents: Map<string, ReadFile | undefined>;
  group: string | undefined;
}

interface ReadFile {
  file: string;
  teller: SessionTeller;
  query: string;
}

export async function readClaudeSession(file: string, signal?: AbortSignal): Promise<ForeignRuns> {
  const source = openSourceFiles(file, signal);
  const opening = await openingOf(openSourceFiles(file, signal), file);
  if (!opening) {
    for await (const _ of readJsonRecords(source, file)) source.check();
    return { source: file, runs: [], problems: source.problems, files: source.files };
  }
  const name = basename(file, extname(file));
  const isAgent = opening.agentId !== undefined;
  const sessionId = opening.sessionId ?? name;
  const folder = join(dirname(file), name);
  const group = opening.workspace;
  const reading: Reading = { source, folder, sessionId, agents: new Map(), group };
  const main = await readFile(reading, file, {
    ...opening,
    sessionId,
    ...(isAgent && { runId: agentRunId(opening.agentId ?? ""), parent: { runId: sessionId } }),
  });
  await readOthers(reading, main);
  const files = [main, ...[...reading.agents.values()].flatMap((each) => each ?? [])];
  const runs = files.flatMap((each) => runsOf(each, reading));
  const groups = group === undefined ? {} : { groups: [projectGroup(group)] };
  return { source: file, runs, problems: [], files: source.files, ...groups };
}

function runsOf({ file, teller }: ReadFile, { source, group }: Reading): ForeignRun[] {
  const problems = source.problems.filter((problem) => problem.file === file);
  return [teller.builder, ...teller.sidechains()].map((builder, index) =>
    toForeignRun(builder, {
      ...{ dir: index === 0 ? file : `${file}#${builder.runId}`, problems: index === 0 ? problems : [], group },
    }),
  );
}

interface Opening extends SessionOpening {
  agentId?: string | undefined;
  startedAt?: number | undefined;
}

/** What the records before the first answer say; `undefined` where nobody speaks. */
async function openingOf(
  source: SourceFiles,
  file: string,
): Promise<(Omit<Opening, "sessionId"> & { sessionId: string | undefined }) | undefined> {
  let found: (Omit<Opening, "sessionId"> & { sessionId: string | undefined }) | undefined;
  let command: string | undefined;
  for await (const { value } of readJsonRecords(source, file)) {
    if (value.type !== "user" && value.type !== "assistant") continue;
    found ??= { sessionId: undefined };
    found.startedAt ??= readTime(value.timestamp);
    found.sessionId ??= textOf(value.sessionId);
    found.workspace ??= textOf(value.cwd);
    found.version ??= textOf(value.version);
    if (value.isSidechain === true) found.agentId ??= textOf(value.agentId);
    const model = textOf(fieldsOf(value.message).model);
    if (value.type === "assistant" && model !== undefined && model !== "<synthetic>") {
      found.model = model;
      break;
    }
    if (value.type !== "user" || found.query !== undefined) continue;
    const words = userWords(value);
    if (words.kind === "prompt" && words.text !== "") found.query = words.text;
    else if (words.kind === "command") command = words.text;
    else if (words.kind === "aside" && words.name.startsWith("local-command-std")) command = undefined;
  }
  if (found) found.query ??= command;
  return found;
}

async function readFile(reading: Reading, file: string, opening: Opening): Promise<ReadFile> {
  const { source } = reading;
  const timestamp = opening.startedAt ?? (await source.look(file))?.modifiedAt ?? 0;
  const start: Source = opening.startedAt === undefined ? { timestamp, isUntimed: true } : { timestamp };
  const builder = openSession("claude", opening, start);
  const teller = new SessionTeller(new ClaudeTeller(builder, start), {
    query: opening.query,
    isAgent: opening.agentId !== undefined,
  });
  for await (const { value } of readJsonRecords(source, file)) {
    const agentId = textOf(fieldsOf(value.toolUseResult).agentId);
    if (agentId !== undefined) await readAgent(reading, agentId, teller.agentFor(value));
    teller.take(value, (id) => toFound(reading.agents.get(id)));
  }
  teller.finish();
  return { file, teller, query: opening.query ?? "" };
}

function toFound(read: ReadFile | undefined): FoundAgent | undefined {
  return read && { teller: read.teller.claude, query: read.query };
}

function agentRunId(agentId: string): string {
  return `agent-${agentId}`;
}

/** @param link the call that began it, and the run that made the call */
async function readAgent(
  reading: Reading,
  agentId: string,
  link: { runId: string; toolCallId?: string; kind?: string | undefined },
): Promise<void> {
  // An id from a file must not lead anywhere else.
  if (reading.agents.has(agentId) || !/^[\w-]{1,100}$/u.test(agentId)) return;
  reading.agents.set(agentId, undefined);
  const { source, folder, sessionId } = reading;
  const name = `${agentRunId(agentId)}.jsonl`;
  for (const file of [join(folder, "subagents", name), join(dirname(folder), name)]) {
    const opening = (await source.look(file)) && (await openingOf(openSourceFiles(file), file));
    if (!opening) continue;
    const { kind, ...parent } = link;
    const meta = await metaOf(source, file);
    const expertKey = kind ?? textOf(meta.agentType);
    const more = { agentId, sessionId, runId: agentRunId(agentId), parent, expertKey };
    reading.agents.set(agentId, await readFile(reading, file, { ...opening, ...more }));
    return;
  }
}

/** Sub-agents whose call has no result: still at work, or left behind. */
async function readOthers(reading: Reading, main: ReadFile): Promise<void> {
  const folder = join(reading.folder, "subagents");
  for (const { name, kind } of await reading.source.list(folder)) {
    const agentId = /^agent-(?<id>.+)\.jsonl$/u.exec(name)?.groups?.id;
    // The program's own, such as the one that sums up a conversation, have a word before their id.
    if (kind !== "file" || agentId === undefined || reading.agents.has(agentId)) continue;
    const meta = await metaOf(reading.source, join(folder, name));
    const { runId } = main.teller.builder;
    const toolCallId = textOf(meta.toolUseId);
    await readAgent(reading, agentId, { runId, ...(toolCallId !== undefined && { toolCallId }) });
  }
}

async function metaOf(source: SourceFiles, file: string): Promise<Fields> {
  const text = await source.text(file.replace(/\.jsonl$/u, ".meta.json"));
  try {
    return fieldsOf(text === undefined ? undefined : JSON.parse(text));
  } catch {
    return {};
  }
}
