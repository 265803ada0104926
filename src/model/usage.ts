/** Token usage, as Perstack counts it; absent parts are unknown, never 0. */
import * as z from "zod";

const tokens = z.number().int().nonnegative();

export const Usage = z.object({
  inputTokens: tokens,
  outputTokens: tokens,
  totalTokens: tokens,
  reasoningTokens: tokens.optional(),
  cachedInputTokens: tokens.optional(),
  /** Part of the input that was written into the provider's cache, where that has a price of its own. Ours, not Perstack's. */
  cacheWriteTokens: tokens.optional(),
});
export type Usage = z.infer<typeof Usage>;
