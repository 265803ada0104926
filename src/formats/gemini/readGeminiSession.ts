/** Reads one chat of Gemini CLI. */
import { basename, dirname, extname, join } from "node:path";
import { openSession, projectGroup, toForeignRun } from "../agents/agentSession";
import { contentText, listOf, textOf } from "../agents/fields";
import type { Source } from "../foreignRunBuilder";
import type { ForeignGroup, ForeignRuns } from "../format";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { type GeminiChat, readGeminiChat } from "./geminiChat";
import { tellGeminiChat } from "./geminiChatTeller";

export async function readGeminiSession(file: string, signal?: AbortSignal): Promise<ForeignRuns> {
  const source = openSourceFiles(file, signal);
  const chat = await readGeminiChat(source, file);
  const sessionId = textOf(chat.about.sessionId);
  const isMoved = file.endsWith(".json") && (await source.look(`${file}l`)) !== undefined;
  // A chat that went on was written anew, line by line, beside its first file.
  if (isMoved || (sessionId === undefined && chat.messages.length === 0)) {
    return { source: file, runs: [], problems: source.problems, files: source.files };
  }
  const { about, messages } = chat;
  const first = messages.find(({ type, content }) => type === "user" && contentText(content).trim() !== "");
  const startedAt = readTime(about.startTime) ?? readTime(messages[0]?.timestamp);
  const timestamp = startedAt ?? (await source.look(file))?.modifiedAt ?? 0;
  const start: Source = startedAt === undefined ? { timestamp, isUntimed: true } : { timestamp };
  const group = await projectOf(source, file, chat);
  const parent = about.kind === "subagent" ? parentOf(file) : undefined;
  const builder = openSession(
    "gemini",
    {
      sessionId: parent ?? sessionId ?? basename(file, extname(file)),
      runId: sessionId ?? basename(file, extname(file)),
      query: first && contentText(first.content).trim(),
      model: messages.map(({ model }) => textOf(model)).find((model) => model !== undefined),
      workspace: group?.id,
      ...(parent !== undefined && { parent: { runId: parent } }),
    },
    start,
  );
  tellGeminiChat(builder, start, messages, first);
  const run = toForeignRun(builder, { dir: file, problems: source.problems, group: group?.id });
  return { source: file, runs: [run], problems: [], files: source.files, ...(group && { groups: [group] }) };
}

/** The chats of sub-agents lie in a folder that has the session's id. */
function parentOf(file: string): string | undefined {
  const folder = dirname(file);
  return basename(dirname(folder)) === "chats" ? basename(folder) : undefined;
}

/** The folder where it was held: recorded beside the chats, or as the first of the chat's folders; else its hash. */
async function projectOf(source: SourceFiles, file: string, { about }: GeminiChat): Promise<ForeignGroup | undefined> {
  const chats = basename(dirname(file)) === "chats" ? dirname(file) : dirname(dirname(file));
  const root = (await readRoot(source, join(dirname(chats), ".project_root"))) ?? textOf(listOf(about.directories)[0]);
  if (root !== undefined) return projectGroup(root);
  const hash = textOf(about.projectHash);
  return hash === undefined ? undefined : { id: hash, label: `project ${hash.slice(0, 8)}`, documents: [] };
}

async function readRoot(source: SourceFiles, file: string): Promise<string | undefined> {
  return (await source.text(file))?.trim() || undefined;
}
