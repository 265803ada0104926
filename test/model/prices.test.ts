import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contextWindowOf, costOf, knownModelsOf, makerOf, priceOf } from "../../src/model/prices";

describe("the price of a model", () => {
  it.each([
    ["claude-sonnet-4-5", 3],
    ["claude-sonnet-4-5-20250929", 3],
    ["claude-sonnet-4-20250514", 3],
    ["claude-opus-4-1-20250805", 15],
    ["claude-opus-4-5", 5],
    ["claude-3-5-haiku-latest", 0.8],
    ["global.anthropic.claude-sonnet-4-5-20250929-v1:0", 3],
    ["anthropic.claude-3-haiku-20240307-v1:0", 0.25],
    ["claude-haiku-4-5@20251001", 1],
    ["gpt-5-2025-08-07", 1.25],
    ["gpt-5-mini", 0.25],
    ["gpt-4o-mini-2024-07-18", 0.15],
    ["models/gemini-2.5-flash-lite", 0.1],
    ["gemini-2.0-flash-001", 0.1],
  ])("of %s is %d USD a million tokens of input", (modelId, input) => {
    expect(priceOf(modelId)?.input).toBe(input);
  });

  it.each([
    "claude-opus-4-7",
    "claude-sonnet-4-50",
    "gpt-5-pro",
    "gpt-5-search",
    "gpt-6",
    "qwen3",
    "",
    "gemini-2.5-flash-image",
  ])("of %s is unknown rather than that of a neighbour", (modelId) => {
    expect(priceOf(modelId)).toBeUndefined();
    expect(contextWindowOf(modelId)).toBeUndefined();
  });

  it("is the user's own first: by name, then by the longest beginning", () => {
    const overrides = {
      "claude-sonnet-4-5": { input: 1, output: 1 },
      "claude-*": { input: 2, output: 2 },
      "claude-opus-*": { input: 3, output: 3 },
      "*": { input: 0, output: 0 },
    };
    const inputOf = (modelId: string) => priceOf(modelId, overrides)?.input;
    expect(["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5", "qwen3"].map(inputOf)).toEqual([1, 2, 3, 0]);
    expect(priceOf("claude-sonnet-4-5", { "gpt-*": { input: 9, output: 9 } })?.input).toBe(3);
  });
});

describe("the cost of a generation", () => {
  const price = { input: 3, output: 15, cachedInput: 0.3 };

  it("counts cached tokens at their own price, and nothing twice", () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 100_000, totalTokens: 1_100_000 };
    expect(costOf(usage, price)).toBeCloseTo(4.5);
    expect(costOf({ ...usage, cachedInputTokens: 800_000 }, price)).toBeCloseTo(0.6 + 0.24 + 1.5);
    expect(costOf({ ...usage, reasoningTokens: 90_000 }, price)).toBeCloseTo(4.5);
  });

  it("counts cached tokens in full where they have no price of their own", () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 0, totalTokens: 1_000_000, cachedInputTokens: 500_000 };
    expect(costOf(usage, { input: 3, output: 15 })).toBeCloseTo(3);
  });

  it("counts what was written into the cache at its own price", () => {
    const usage = { inputTokens: 1_000_000, outputTokens: 0, totalTokens: 1_000_000 };
    const parts = { ...usage, cachedInputTokens: 600_000, cacheWriteTokens: 300_000 };
    expect(costOf(parts, { ...price, cacheWrite: 3.75 })).toBeCloseTo(0.18 + 1.125 + 0.3);
    expect(costOf(parts, price)).toBeCloseTo(0.18 + 0.9 + 0.3);
    expect(costOf({ ...usage, cacheWriteTokens: 2_000_000 }, { ...price, cacheWrite: 3.75 })).toBeCloseTo(3.75);
  });

  it("knows that Anthropic takes a quarter more for what it caches, by every route to its models", () => {
    expect(priceOf("claude-sonnet-4-5")?.cacheWrite).toBe(3.75);
    expect(priceOf("global.anthropic.claude-sonnet-4-5-20250929-v1:0")?.cacheWrite).toBe(3.75);
    expect(priceOf("gpt-5")?.cacheWrite).toBeUndefined();
  });

  it("is never below zero and never rises with what was cached", () => {
    const tokens = fc.integer({ min: 0, max: 10_000_000 });
    fc.assert(
      fc.property(tokens, tokens, tokens, (inputTokens, outputTokens, cachedInputTokens) => {
        const usage = { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
        const cost = costOf({ ...usage, cachedInputTokens }, price);
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(cost).toBeLessThanOrEqual(costOf(usage, price) + 1e-9);
      }),
    );
  });
});

it("knows how much the known models read", () => {
  expect(contextWindowOf("claude-sonnet-4-5-20250929")).toBe(200_000);
  expect(contextWindowOf("gpt-5")).toBe(400_000);
  expect(contextWindowOf("gemini-2.5-pro")).toBe(1_048_576);
});

it("knows who makes a model by its name, and which ones each of them makes", () => {
  expect(["claude-opus-9", "gpt-9", "o3", "gemini-9", "deepseek-x"].map(makerOf)).toEqual([
    "anthropic",
    "openai",
    "openai",
    "google",
    "deepseek",
  ]);
  expect(makerOf("qwen3")).toBeUndefined();
  expect(knownModelsOf("google")).toContain("gemini-2.5-flash");
  expect(knownModelsOf("openai").every((id) => /^(gpt-|o\d)/.test(id))).toBe(true);
});
