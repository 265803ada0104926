/** Adding up token usage; apart from its schema, so that adding loads no zod. */
import type { Usage } from "./usage";

export const noUsage: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 };

export function addUsage(a: Usage, b: Usage | undefined): Usage {
  if (!b) return a;
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    ...sumOf("reasoningTokens", a, b),
    ...sumOf("cachedInputTokens", a, b),
  };
}

function sumOf<K extends "reasoningTokens" | "cachedInputTokens">(key: K, a: Usage, b: Usage): Partial<Usage> {
  const [left, right] = [a[key], b[key]];
  return left === undefined && right === undefined ? {} : { [key]: (left ?? 0) + (right ?? 0) };
}
