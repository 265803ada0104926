/** The captured standard output of a coding agent, told as the steps of a run: never its beginning, never its end. */
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { readJsonRecords } from "../jsonRecords";
import type { SourceFiles } from "../sourceFiles";
import type { AgentOutcome, StreamTeller } from "./agentOutcome";
import { ClaudeStream, isClaudeRecord } from "./claudeStream";
import { CodexStream, isCodexRecord } from "./codexStream";
import type { Fields } from "./fields";
import { GeminiStream, isGeminiRecord } from "./geminiStream";

export type AgentName = "claude" | "codex" | "gemini";

/**
 * @param agent `undefined` where it is not known: the first records that are anyone's say it
 * @param start where the run begins, for what has no time of its own
 * @returns what the output says of the whole; where nothing of a stream is in it, the builder is as it was
 */
export async function translateAgentOutput(
  agent: AgentName | undefined,
  source: SourceFiles,
  file: string,
  builder: ForeignRunBuilder,
  start: Source,
): Promise<AgentOutcome> {
  const problemsBefore = source.problems.length;
  let stream: StreamTeller | undefined;
  const earlier: Fields[] = [];
  for await (const { value } of readJsonRecords(source, file, isNoise)) {
    if (stream) {
      stream.take(value);
      continue;
    }
    const author = authorOf(value, agent);
    if (author === undefined) {
      if (earlier.length < mostEarlier) earlier.push(value);
      continue;
    }
    stream = openStream(author, builder, start);
    for (const each of [...earlier, value]) stream.take(each);
  }
  if (stream) return { ...stream.finish(), isRecognized: true };
  // Text may hold anything: that a line is no record is no fault of it.
  const others = source.problems.splice(problemsBefore).filter(({ line }) => line === undefined);
  source.problems.push(...others);
  return { isRecognized: false, isEnded: false, delegates: [] };
}

/** Records that may stand before the first that says whose they are. */
const mostEarlier = 20;

/** Greetings and warnings that programs print among their records. */
function isNoise(text: string): boolean {
  return !text.trimStart().startsWith("{");
}

/** Whose record it is; of the agent that is known to have run, or of any. */
export function authorOf(record: Fields, agent?: AgentName): AgentName | undefined {
  const tests: readonly [AgentName, (record: Fields) => boolean][] = [
    ["claude", isClaudeRecord],
    ["codex", isCodexRecord],
    ["gemini", isGeminiRecord],
  ];
  return tests.find(([name, test]) => (agent === undefined || name === agent) && test(record))?.[0];
}

function openStream(agent: AgentName, builder: ForeignRunBuilder, start: Source): StreamTeller {
  switch (agent) {
    case "claude":
      return new ClaudeStream(builder, start);
    case "codex":
      return new CodexStream(builder, start);
    case "gemini":
      return new GeminiStream(builder, start);
  }
}
