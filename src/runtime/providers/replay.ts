/** Plays a recorded run: the model's answers come from its events, everything else really happens. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { foldMessage } from "../../model/conversation";
import type { EventOf, RunEvent } from "../../model/events";
import type { Message } from "../../model/message";
import { type GenerationRequest, type GenerationResult, type LanguageModel, ModelError } from "../ports";
import { toAbortError } from "./classifyError";
import { findDivergence, formatDivergence } from "./compareConversations";
import { createNormalizeText } from "./normalizeText";
import type { Provider, RecordedAnswers } from "./provider";
import { readSetting } from "./readSetting";

/** A recorded answer, and how many messages stood before it. */
interface Answer {
  event: EventOf<"finishGeneration">;
  messageCount: number;
}

const fix = "Run the expert once with a real model, or name a recording as `model`.";

export const replay: Provider = {
  name: "replay",
  label: "Replay",
  keyNames: [],
  isClosed: true,
  async check({ recordings }) {
    if (recordings.list) {
      const isThere = (await recordings.list()).length > 0;
      return isThere ? { usable: true } : { usable: false, reason: "there is no recorded run", fix };
    }
    const found = await recordings.find(undefined);
    if (found && answersOf(found).answers.length > 0) return { usable: true };
    return { usable: false, reason: "there is no recorded run of this expert and query", fix };
  },
  async listModels({ recordings }) {
    const newest = { name: "The newest recorded run", detail: "of the same expert and query" };
    return [newest, ...((await recordings.list?.()) ?? [])];
  },
  async open(model, context) {
    readSetting(z.strictObject({}), context);
    const found = await context.recordings.find(model);
    if (!found) {
      const what = model === undefined ? "There is no recorded run of this expert and query." : noSuch(model);
      throw new ModelError(`${what} ${fix}`, { class: "invalid_definition", isRetryable: false });
    }
    return createReplay(found, {
      modelId: model ?? found.label,
      workspaceRoot: context.recordings.workspaceRoot,
    });
  },
};

function noSuch(model: string): string {
  return `There is no recording “${model}”.`;
}

function createReplay(recorded: RecordedAnswers, run: { modelId: string; workspaceRoot: string }): LanguageModel {
  const { answers, messages } = answersOf(recorded);
  const recordedRoot = recordedRootOf(recorded.events);
  const roots = [run.workspaceRoot, ...(recordedRoot === undefined ? [] : [recordedRoot])];
  const normalize = createNormalizeText(roots);
  let next: number | undefined;

  return {
    provider: replay.name,
    modelId: run.modelId,
    async generate(request) {
      // A resumed run starts in the middle of the recording.
      next ??= Math.max(
        0,
        answers.findIndex(({ messageCount }) => messageCount === request.messages.length),
      );
      const answer = answers[next];
      if (!answer) throw diverged(exhausted(answers.length));
      const divergence = findDivergence(messages.slice(0, answer.messageCount), request.messages, normalize);
      if (divergence) throw diverged(formatDivergence(divergence));
      const result = resultOf(answer.event, (text) => moveRoot(text, recordedRoot, run.workspaceRoot));
      await stream(answer.event, request);
      next += 1;
      return result;
    },
  };
}

/** The answers in order, and the whole conversation they stand in. */
function answersOf({ events, base }: RecordedAnswers): { answers: Answer[]; messages: Message[] } {
  const messages: Message[] = structuredClone([...base]);
  const answers: Answer[] = [];
  for (const event of events) {
    if (event.type === "finishGeneration" && !event.error) answers.push({ event, messageCount: messages.length });
    foldMessage(messages, event);
  }
  return { answers, messages };
}

/** The workspace folder of the recorded run; of one that does not say it, the folder of its definition. */
function recordedRootOf(events: readonly RunEvent[]): string | undefined {
  const start = events.find((event) => event.type === "startRun");
  if (start?.type !== "startRun") return undefined;
  if (start.workspace !== undefined) return start.workspace;
  const uri = start.definition?.uri;
  if (!uri?.startsWith("file:")) return undefined;
  try {
    return fileURLToPath(new URL(".", uri)).replace(/[/\\]$/, "");
  } catch {
    // A place that this system cannot name, such as another one's network share.
    return undefined;
  }
}

function resultOf(event: EventOf<"finishGeneration">, move: (text: string) => string): GenerationResult {
  return {
    text: event.text ?? "",
    reasoning: event.reasoning ?? [],
    toolCalls: event.toolCalls.map(({ id, tool, args, providerOptions }) => ({
      id,
      tool,
      args: mapTexts(args, move),
      ...(providerOptions && { providerOptions }),
    })),
    finishReason: event.finishReason,
    ...(event.usage && { usage: event.usage }),
  };
}

/** A recording made in another folder must not reach into it: its paths mean the same place here. */
function moveRoot(text: string, from: string | undefined, to: string): string {
  if (from === undefined || from === to || !text.startsWith(from)) return text;
  const rest = text.slice(from.length);
  return rest === "" || /^[/\\]/.test(rest) ? to + rest : text;
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, map)]));
}

async function stream(event: EventOf<"finishGeneration">, request: GenerationRequest): Promise<void> {
  for (const part of event.reasoning ?? []) await streamPieces(part.text, request.onReasoning, request.signal);
  await streamPieces(event.text ?? "", request.onText, request.signal);
}

/** In a few pieces, a turn of the event loop apart: who listens sees it come, and a cancel gets through. */
async function streamPieces(text: string, on: (delta: string) => void, signal: AbortSignal): Promise<void> {
  const points = Array.from(text);
  const size = Math.ceil(points.length / 4);
  for (let start = 0; start < points.length; start += size) {
    if (signal.aborted) throw toAbortError(signal.reason);
    on(points.slice(start, start + size).join(""));
    await nextTurn();
  }
  if (signal.aborted) throw toAbortError(signal.reason);
}

function exhausted(count: number): string {
  return `The recording has no answer left: it holds ${count}, and the run asks for one more.`;
}

function diverged(message: string): ModelError {
  return new ModelError(message, { class: "replay_diverged", isRetryable: false });
}
