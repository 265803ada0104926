/** Parts of ours in Perstack's shapes: ids, usage, calls, results, messages, errors. */

import { createHash } from "node:crypto";
import { delegateKeyOf } from "../../model/delegateCall";
import type { Limits } from "../../model/events";
import type { Message, MessageOf, ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import type { WrittenToolCall, WrittenToolResult, WrittenUsage } from "./writtenEvent";

/** Looks like an id of Perstack's (24 letters and digits), and is the same for the same seeds. */
export function derivedId(...seeds: readonly string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(seeds)).digest("hex");
  const text = BigInt(`0x${digest}`).toString(36).padStart(49, "0");
  return `r${text.slice(-23)}`;
}

export const noWrittenUsage: WrittenUsage = writtenUsage(undefined);

/** Of a run that is given none. */
export const perstackLimits: Limits = { maxSteps: 100, maxRetries: 5, timeoutMs: 300_000 };

/** Perstack knows no unknown: what a provider does not say is 0 there. */
export function writtenUsage(usage: Usage | undefined): WrittenUsage {
  const {
    inputTokens = 0,
    outputTokens = 0,
    reasoningTokens = 0,
    totalTokens = 0,
    cachedInputTokens = 0,
  } = usage ?? {};
  return { inputTokens, outputTokens, reasoningTokens, totalTokens, cachedInputTokens };
}

export function addWrittenUsage(a: WrittenUsage, b: WrittenUsage): WrittenUsage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  };
}

export function subtractWrittenUsage(a: WrittenUsage, b: WrittenUsage): WrittenUsage {
  return {
    inputTokens: a.inputTokens - b.inputTokens,
    outputTokens: a.outputTokens - b.outputTokens,
    reasoningTokens: a.reasoningTokens - b.reasoningTokens,
    totalTokens: a.totalTokens - b.totalTokens,
    cachedInputTokens: a.cachedInputTokens - b.cachedInputTokens,
  };
}

export function isDelegateCall(call: Pick<ToolCall, "skill">): boolean {
  return delegateKeyOf(call) !== undefined;
}

/** The skill of a call to a tool that there is not: Perstack's schema wants a name. */
const noSkill = "unknown";

/** In a call a delegate's skill is its expert's key; in a result `delegate/` stands before it. */
export function writtenCall(call: ToolCall): WrittenToolCall {
  const skillName = (delegateKeyOf(call) ?? call.skill) || noSkill;
  return { id: call.id, skillName, toolName: call.tool, args: call.args ?? {} };
}

/** As a checkpoint holds it: Perstack refuses the whole checkpoint for arguments that are no object. */
export function pendingCall(call: ToolCall): WrittenToolCall {
  const written = writtenCall(call);
  const isObject = typeof written.args === "object" && written.args !== null && !Array.isArray(written.args);
  return isObject ? written : { ...written, args: {} };
}

type ResultPart = MessageOf<"toolMessage">["contents"][number];

export function writtenResult(
  { toolCallId, toolName, contents, isError }: ResultPart,
  skill: string,
): WrittenToolResult {
  return { id: toolCallId, skillName: skill || noSkill, toolName, result: contents, ...(isError && { isError }) };
}

export function textIn(contents: ResultPart["contents"]): string {
  return contents.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("\n");
}

/**
 * A message as Perstack holds it: the signature of a thought is a key of its own, and calls stand behind one another as
 * they are carried out.
 * @param rankOf 0 tools, 1 delegates, 2 questions to a person
 */
export function writtenMessage(message: Message, rankOf: (toolCallId: string) => number = () => 0): Message {
  if (message.type !== "expertMessage") return message;
  type Part = MessageOf<"expertMessage">["contents"][number];
  const parts = message.contents.map((part): Part => (part.type === "thinkingPart" ? withSignature(part) : part));
  const rank = (part: Part) => (part.type === "toolCallPart" ? 1 + rankOf(part.toolCallId) : 0);
  // Thoughts and text stand before the calls already.
  return { ...message, contents: parts.toSorted((a, b) => rank(a) - rank(b)) };
}

type Thinking = Extract<MessageOf<"expertMessage">["contents"][number], { type: "thinkingPart" }>;

function withSignature({ providerOptions, ...part }: Thinking): Thinking {
  const { anthropic, ...others } = providerOptions ?? {};
  const { signature, ...rest } = anthropic ?? {};
  if (typeof signature !== "string") return { ...part, ...(providerOptions && { providerOptions }) };
  const kept = { ...others, ...(Object.keys(rest).length > 0 && { anthropic: rest }) };
  return { ...part, signature, ...(Object.keys(kept).length > 0 && { providerOptions: kept }) };
}

export function expertRef(key: string, version: string): { key: string; name: string; version: string } {
  return { key, name: key.replace(/(?<=.)@[^/]*$/u, ""), version };
}
