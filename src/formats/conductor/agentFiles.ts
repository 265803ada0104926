/** What an agent left in its run's folder: its prompt, its output, and what it printed. */
import { join } from "node:path";
import { parseJson } from "../../base/lines";
import { firstLine } from "../../model/plainText";
import { isRecord } from "../../model/toolText";
import type { AgentOutcome } from "../agents/agentOutcome";
import { translateAgentOutput } from "../agents/agentOutput";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import type { ForeignDocument } from "../format";
import type { SourceFiles } from "../sourceFiles";

export const stdoutFile = "agent-stdout.txt";
export const stderrFile = "agent-stderr.txt";
export const promptFile = "prompt.md";
export const outputFile = "output.md";

type Agent = Parameters<typeof translateAgentOutput>[0];

const textLimit = 64 * 1024;
const tailLines = 50;
const sniffedLines = 100;

const streams: readonly (readonly [Agent, RegExp])[] = [
  ["claude", /^(?:system|assistant|user|stream_event)$/u],
  ["codex", /^(?:thread|turn|item)\.\w+$/u],
  ["gemini", /^(?:init|message|tool_use|tool_result)$/u],
];

export async function documentsOfRun(source: SourceFiles, runDir: string): Promise<ForeignDocument[]> {
  const wanted = [
    ["Output", outputFile],
    ["Prompt", promptFile],
    ["Standard output", stdoutFile],
    ["Standard error output", stderrFile],
  ] as const;
  const documents: ForeignDocument[] = [];
  for (const [label, name] of wanted) {
    const file = join(runDir, name);
    if (await source.look(file)) documents.push({ label, file });
  }
  return documents;
}

/** What the agent was asked, without what is told to every agent; `undefined` where it is not there. */
export async function readPrompt(source: SourceFiles, runDir: string): Promise<string | undefined> {
  const text = (await source.text(join(runDir, promptFile)))?.replaceAll("\r\n", "\n");
  if (text === undefined) return undefined;
  if (!/^(?:JRUN_\w+=|Write output\.md to )/u.test(text)) return promptOf(text);
  const rule = "\n---\n\n";
  const at = text.indexOf(rule);
  return at === -1 ? undefined : promptOf(text.slice(at + rule.length));
}

/** A restart says the same again. */
export function promptOf(text: string): string | undefined {
  const prompt = text.replace(/^\s*Continue working on the following:\n\n/u, "").trim();
  return prompt === "" ? undefined : prompt;
}

/** Without the end of its last line. */
export async function readOutput(source: SourceFiles, runDir: string): Promise<string | undefined> {
  const text = await source.text(join(runDir, outputFile));
  return text === undefined || text.trim() === "" ? undefined : text.replace(/\s+$/u, "");
}

/** The last lines; `undefined` where there are none. */
export async function readErrorOutput(source: SourceFiles, runDir: string): Promise<string | undefined> {
  const lines: string[] = [];
  let size = 0;
  for await (const { text } of source.lines(join(runDir, stderrFile))) {
    const line = text.slice(0, textLimit);
    lines.push(line);
    size += line.length;
    while (lines.length > tailLines || (size > textLimit && lines.length > 1)) size -= lines.shift()?.length ?? 0;
  }
  const tail = lines.join("\n").trim();
  return tail === "" ? undefined : tail;
}

const causeLimit = 300;

/** What the agent says went wrong, or else the program; a word such as "error_during_execution" says least. */
export function causeOf(said: string | undefined, errorOutput: string | undefined): string | undefined {
  const sentence = said?.includes(" ") ? said : undefined;
  const cause = sentence ?? errorOutput?.split("\n").findLast((line) => line.trim() !== "") ?? said;
  return cause === undefined ? undefined : firstLine(cause, causeLimit);
}

/** What the agent printed, as steps; text that is no stream of events is one answer. Emits no start and no end of the run. */
export async function translateOutput(
  agent: string | undefined,
  source: SourceFiles,
  runDir: string,
  openBuilder: () => ForeignRunBuilder,
  start: Source,
): Promise<{ builder: ForeignRunBuilder; outcome?: AgentOutcome }> {
  const file = join(runDir, stdoutFile);
  const stream = await sniffStream(source, file, agent);
  if (stream) {
    const before = source.problems.length;
    const builder = openBuilder();
    const outcome = await translateAgentOutput(stream, source, file, builder, start);
    if (outcome.isRecognized) return { builder, outcome };
    source.problems.splice(before);
  }
  const builder = openBuilder();
  const text = await readPlain(source, file);
  if (text === undefined) return { builder };
  const place = { ...start, isUntimed: true };
  builder.step = 1;
  builder.startGeneration(place);
  builder.finishGeneration({ finishReason: "stop", text, toolCalls: [] }, place);
  builder.emit({ type: "finishStep" }, place);
  return { builder };
}

/** The events say whose they are, more surely than a record that may be of a run written for another agent. */
async function sniffStream(source: SourceFiles, file: string, agent: string | undefined): Promise<Agent | undefined> {
  const before = source.problems.length;
  let isJson = false;
  try {
    for await (const { text, number } of source.lines(file)) {
      if (number > sniffedLines) break;
      const type = typeOf(text);
      if (type === undefined) continue;
      isJson = true;
      const [stream] = streams.find(([, pattern]) => pattern.test(type)) ?? [];
      if (stream) return stream;
    }
  } finally {
    // Whoever reads it whole tells them.
    source.problems.splice(before);
  }
  return isJson ? streams.find(([name]) => name === agent)?.[0] : undefined;
}

function typeOf(line: string): string | undefined {
  const begun = /^\s*\{\s*"type"\s*:\s*"(?<type>[\w.]+)"/u.exec(line)?.groups?.type;
  if (begun !== undefined || !line.trimStart().startsWith("{")) return begun;
  const value = parseJson(line);
  return isRecord(value) && typeof value.type === "string" ? value.type : undefined;
}

async function readPlain(source: SourceFiles, file: string): Promise<string | undefined> {
  const lines: string[] = [];
  let left = textLimit;
  for await (const { text } of source.lines(file)) {
    lines.push(text.slice(0, left));
    left -= text.length + 1;
    if (left <= 0) {
      lines.push("… (more in the file)");
      break;
    }
  }
  const text = lines.join("\n").trim();
  return text === "" ? undefined : text;
}
