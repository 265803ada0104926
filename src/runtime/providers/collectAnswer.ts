/** The stream of a generation, read part by part into one result; whatever is not a whole answer throws. */
import type {
  LanguageModelUsage,
  ProviderMetadata,
  FinishReason as SdkFinishReason,
  TextStreamPart,
  ToolSet,
} from "ai";
import { parseJson } from "../../base/lines";
import type { FinishReason } from "../../model/events";
import type { ReasoningPart } from "../../model/message";
import type { Usage } from "../../model/usage";
import type { GenerationRequest, GenerationResult } from "../ports";
import { brokenAnswer } from "./classifyError";

type Finish = Extract<TextStreamPart<ToolSet>, { type: "finish" }>;

export async function collectAnswer(
  stream: AsyncIterable<TextStreamPart<ToolSet>>,
  { onText, onReasoning }: Pick<GenerationRequest, "onText" | "onReasoning">,
  { label, endsWithUsage }: { label: string; endsWithUsage?: boolean | undefined },
): Promise<GenerationResult> {
  let text = "";
  let finish: Finish | undefined;
  let unwantedCall = false;
  const toolCalls: GenerationResult["toolCalls"] = [];
  const reasoning = new Map<string, { text: string; metadata: ProviderMetadata | undefined }>();
  for await (const part of stream) {
    switch (part.type) {
      case "text-delta":
        text += part.text;
        if (part.text) onText(part.text);
        break;
      case "reasoning-start":
      case "reasoning-delta":
      case "reasoning-end": {
        const block = reasoning.get(part.id) ?? { text: "", metadata: undefined };
        reasoning.set(part.id, block);
        block.metadata = part.providerMetadata ?? block.metadata;
        if (part.type !== "reasoning-delta") break;
        block.text += part.text;
        if (part.text) onReasoning(part.text);
        break;
      }
      case "tool-call":
        if (part.providerExecuted) break;
        toolCalls.push({
          id: part.toolCallId,
          tool: part.toolName,
          args: part.input === "" ? {} : part.input,
          ...withOptions(part.providerMetadata),
        });
        break;
      case "error":
        if (!isUnwantedCall(part.error)) throw part.error;
        unwantedCall = true;
        break;
      case "abort":
        throw brokenAnswer(label, "was aborted");
      case "finish":
        finish = part;
        break;
      default:
    }
  }
  if (!finish) throw brokenAnswer(label, "ended without a finish");
  const usage = toUsage(finish.totalUsage);
  if (endsWithUsage && finish.totalUsage.outputTokens === undefined) {
    throw brokenAnswer(label, "ended without a finish");
  }
  return {
    text,
    reasoning: [...reasoning.values()].map(toReasoning).filter((part) => part.text !== "" || part.providerOptions),
    toolCalls,
    finishReason: unwantedCall ? "other" : toFinishReason(finish, toolCalls.length > 0, label),
    ...(usage && { usage }),
  };
}

/** A model that calls a tool although told not to (some servers do not heed it): the SDK drops the call, the text stands. */
function isUnwantedCall(error: unknown): boolean {
  return error instanceof Error && error.name === "AI_ToolChoiceViolationError";
}

function toFinishReason({ finishReason, rawFinishReason }: Finish, hasCalls: boolean, label: string): FinishReason {
  const reason: SdkFinishReason = finishReason;
  switch (reason) {
    case "stop":
      return hasCalls ? "toolCalls" : "stop";
    case "tool-calls":
      return "toolCalls";
    case "length":
      return "length";
    case "content-filter":
      return "contentFilter";
    case "error":
      throw brokenAnswer(label, `ended with an error${rawFinishReason ? ` (${rawFinishReason})` : ""}`);
    case "other":
      // Some providers' adapters say “other” where the provider said nothing at all.
      if (rawFinishReason === undefined) throw brokenAnswer(label, "ended without a finish");
      return "other";
    default:
      throw brokenAnswer(label, "was interrupted");
  }
}

function toUsage(usage: LanguageModelUsage): Usage | undefined {
  const inputTokens = count(usage.inputTokens);
  const outputTokens = count(usage.outputTokens);
  // An answer that cost nothing at all is one whose cost was not told.
  if (!inputTokens && !outputTokens) return undefined;
  const reasoningTokens = count(usage.outputTokenDetails?.reasoningTokens);
  const cachedInputTokens = count(usage.inputTokenDetails?.cacheReadTokens);
  const cacheWriteTokens = count(usage.inputTokenDetails?.cacheWriteTokens);
  return {
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    totalTokens: (inputTokens ?? 0) + (outputTokens ?? 0),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
    ...(cachedInputTokens !== undefined && { cachedInputTokens }),
    // Some adapters say 0 for providers that have no such thing.
    ...(cacheWriteTokens && { cacheWriteTokens }),
  };
}

function count(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function toReasoning({ text, metadata }: { text: string; metadata: ProviderMetadata | undefined }): ReasoningPart {
  return { text, ...withOptions(metadata) };
}

/** As plain JSON, so that what is recorded equals what was received. */
function withOptions(metadata: ProviderMetadata | undefined): Pick<ReasoningPart, "providerOptions"> {
  const entries = Object.entries(metadata ?? {}).filter(([, value]) => value && Object.keys(value).length > 0);
  if (entries.length === 0) return {};
  return {
    providerOptions: parseJson(JSON.stringify(Object.fromEntries(entries))) as ReasoningPart["providerOptions"],
  };
}
