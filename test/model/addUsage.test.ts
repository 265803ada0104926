/** Sums of token usage: what nobody told stays untold. */
import { expect, it } from "vitest";
import { addUsage, noUsage, sumUsage } from "../../src/model/addUsage";

it("adds every part, and leaves out what neither side knows", () => {
  const one = { inputTokens: 10, outputTokens: 2, totalTokens: 12, cacheWriteTokens: 4 };
  const two = { inputTokens: 20, outputTokens: 3, totalTokens: 23, cachedInputTokens: 8, cacheWriteTokens: 1 };
  expect(addUsage(one, two)).toEqual({
    ...{ inputTokens: 30, outputTokens: 5, totalTokens: 35 },
    ...{ cachedInputTokens: 8, cacheWriteTokens: 5 },
  });
  expect(addUsage(noUsage, undefined)).toEqual(noUsage);
});

it("adds many as it adds each", () => {
  const parts = [
    { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } },
    { usage: { inputTokens: 4, outputTokens: 5, totalTokens: 9, reasoningTokens: 0 } },
    { usage: { inputTokens: 6, outputTokens: 7, totalTokens: 13, reasoningTokens: 2, cachedInputTokens: 1 } },
  ];
  expect(sumUsage(noUsage, parts)).toEqual(parts.reduce((sum, { usage }) => addUsage(sum, usage), noUsage));
});
