/** `[provider.setting.providerOptions]`: what the provider has that Runtrail has no word for. */
import { expect, it } from "vitest";
import { mergeOptions } from "../../../src/runtime/providers/providerOptions";
import type { WireProvider } from "../../support/modelServer";
import { contextOf, failureOf, findProvider } from "./openModel";
import { caseOf, sent } from "./sentRequest";

const passed: [WireProvider, Record<string, unknown>, Record<string, unknown>][] = [
  ["anthropic", { metadata: { userId: "u1" } }, { metadata: { user_id: "u1" } }],
  [
    "openai",
    { serviceTier: "priority", textVerbosity: "low" },
    { service_tier: "priority", text: { verbosity: "low" } },
  ],
  ["openai", { store: true }, { store: true }],
  ["openai-chat", { user: "u1", api: "chat" }, { user: "u1" }],
  ["azure-openai", { user: "u1" }, { user: "u1", store: false }],
  ["google", { labels: { team: "blue" } }, { labels: { team: "blue" } }],
  ["google-vertex", { labels: { team: "blue" } }, { labels: { team: "blue" } }],
  ["deepseek", { userId: "u1" }, { user_id: "u1" }],
  [
    "amazon-bedrock",
    { additionalModelRequestFields: { top_k: 5 } },
    { additionalModelRequestFields: { top_k: 5 }, system: [{}, { cachePoint: {} }] },
  ],
  ["ollama", { options: { num_ctx: 8192 }, think: true }, { options: { num_ctx: 8192 }, think: true }],
];
it.each(passed)("%s is sent %j", async (wire, providerOptions, expected) => {
  const { setting, ...rest } = caseOf(wire);
  const { body } = await sent({ ...rest, setting: { ...setting, providerOptions } });
  expect(body).toMatchObject(expected);
});

it.each([
  ["anthropic", { thinking: { type: "enabled", budgetTokens: 9000 } }, { thinking: { budget_tokens: 2000 } }],
  [
    "google",
    { thinkingConfig: { thinkingBudget: 9000 } },
    { generationConfig: { thinkingConfig: { thinkingBudget: 2000 } } },
  ],
  ["ollama", { think: false }, { think: true }],
] as const)("%s: a reasoning budget wins over %j", async (wire, providerOptions, expected) => {
  const { setting, ...rest } = caseOf(wire);
  const wireCase = { ...rest, setting: { ...setting, providerOptions } };
  expect((await sent(wireCase, { reasoningBudget: 2000 })).body).toMatchObject(expected);
});

it("names the table where the provider does not take what it says", async () => {
  const wireCase = caseOf("anthropic", { setting: { providerOptions: { thinking: "a lot" } } });
  const error = await failureOf(sent(wireCase));
  expect(error.details).toMatchObject({ class: "invalid_definition", isRetryable: false });
  expect(error.message).toContain("[provider.setting.providerOptions]");
  expect(error.details.cause).toContain("thinking");
});

it("is a table", async () => {
  const context = contextOf({ env: caseOf("anthropic").env, setting: { providerOptions: "fast" } });
  const error = await failureOf(findProvider("anthropic").open(undefined, context));
  expect(error.message).toContain("provider.setting.providerOptions");
});

it("merges tables key by key and replaces everything else", () => {
  const merged = mergeOptions({ a: { x: 1, y: { z: 1 } }, list: [1, 2] }, undefined, { a: { y: { w: 2 } }, list: [3] });
  expect(merged).toEqual({ a: { x: 1, y: { z: 1, w: 2 } }, list: [3] });
});
