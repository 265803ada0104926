/** Tells a provider's prompt cache where the conversation stays the same, so that a long run reads it again cheaply. */
import type { ModelMessage } from "ai";
import type { ProviderOptions } from "./providerOptions";

/** One of the two ways that providers have; those that cache by themselves need neither. */
export type PromptCache =
  | {
      /** Set on a message: what stands up to there is kept. Providers take four of them. */
      breakpoint: ProviderOptions;
    }
  | {
      /** The option that takes a name for requests that begin alike. */
      keyName: string;
    };

/** What OpenAI takes at the most. */
const longestKey = 64;

export function cacheKeyOption(cache: PromptCache | undefined, cacheKey: string | undefined): ProviderOptions {
  if (!cache || !("keyName" in cache) || cacheKey === undefined) return {};
  return { [cache.keyName]: cacheKey.slice(0, longestKey) };
}

/**
 * Marks the instruction (tools come before it), the end of this request, and the end of the one before: a provider looks
 * back from a mark only so far, and a step with many calls is longer than that.
 * @param optionsKey the provider's name in the SDK's options.
 */
export function markBreakpoints(
  messages: readonly ModelMessage[],
  optionsKey: string,
  cache: PromptCache | undefined,
): ModelMessage[] {
  if (!cache || !("breakpoint" in cache)) return [...messages];
  const ends = messages.flatMap(({ role }, index) => {
    const next = messages[index + 1]?.role;
    return (role === "user" || role === "tool") && (next === undefined || next === "assistant") ? [index] : [];
  });
  const instruction = messages.findIndex(({ role }) => role === "system");
  const marked = new Set([instruction, ...ends.slice(-2)]);
  const providerOptions = { [optionsKey]: cache.breakpoint };
  return messages.map((message, index) =>
    marked.has(index)
      ? { ...message, providerOptions: { ...message.providerOptions, ...providerOptions } as typeof providerOptions }
      : message,
  ) as ModelMessage[];
}
