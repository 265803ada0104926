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
    ...sumOf("cacheWriteTokens", a, b),
  };
}

/** The same of many, of which there may be thousands with each event: nothing is made for each of them. */
export function sumUsage(first: Usage, others: readonly { usage: Usage }[]): Usage {
  const sum = { ...first };
  for (const { usage } of others) {
    sum.inputTokens += usage.inputTokens;
    sum.outputTokens += usage.outputTokens;
    sum.totalTokens += usage.totalTokens;
    addPart(sum, "reasoningTokens", usage.reasoningTokens);
    addPart(sum, "cachedInputTokens", usage.cachedInputTokens);
    addPart(sum, "cacheWriteTokens", usage.cacheWriteTokens);
  }
  return sum;
}

function addPart(sum: Usage, part: Part, value: number | undefined): void {
  if (value !== undefined) sum[part] = (sum[part] ?? 0) + value;
}

type Part = "reasoningTokens" | "cachedInputTokens" | "cacheWriteTokens";

function sumOf(key: Part, a: Usage, b: Usage): Partial<Usage> {
  const [left, right] = [a[key], b[key]];
  return left === undefined && right === undefined ? {} : { [key]: (left ?? 0) + (right ?? 0) };
}

/** What `a` is beyond `b`; never less than nothing. */
export function subtractUsage(a: Usage, b: Usage): Usage {
  const minus = (key: "inputTokens" | "outputTokens" | "totalTokens") => Math.max(0, a[key] - b[key]);
  return {
    ...a,
    inputTokens: minus("inputTokens"),
    outputTokens: minus("outputTokens"),
    totalTokens: minus("totalTokens"),
    ...differenceOf("reasoningTokens", a, b),
    ...differenceOf("cachedInputTokens", a, b),
    ...differenceOf("cacheWriteTokens", a, b),
  };
}

function differenceOf(key: Part, a: Usage, b: Usage): Partial<Usage> {
  const whole = a[key];
  return whole === undefined ? {} : { [key]: Math.max(0, whole - (b[key] ?? 0)) };
}
