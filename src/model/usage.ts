/** Token usage, as Perstack counts it; absent parts are unknown, never 0. */
import * as z from "zod";

const tokens = z.number().int().nonnegative();

export const Usage = z.object({
  inputTokens: tokens,
  outputTokens: tokens,
  totalTokens: tokens,
  reasoningTokens: tokens.optional(),
  cachedInputTokens: tokens.optional(),
});
export type Usage = z.infer<typeof Usage>;
