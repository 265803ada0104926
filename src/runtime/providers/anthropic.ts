/** Anthropic's Messages API. */
import * as z from "zod";
import { createAiSdkModel } from "./aiSdkModel";
import { reasoningByTokens } from "./mapReasoning";
import type { Provider } from "./provider";
import { checkKey, chooseBaseUrl, headers, readSetting, requireKey, secretsOf, text } from "./readSetting";

const Setting = z.strictObject({ baseUrl: text, headers });

const defaultModel = "claude-sonnet-4-5";

export const anthropic: Provider = {
  name: "anthropic",
  label: "Anthropic",
  defaultModel,
  keyNames: ["ANTHROPIC_API_KEY"],
  check: async ({ env }) => checkKey(anthropic, env),
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const apiKey = requireKey(anthropic, context.env);
    const baseURL = chooseBaseUrl({
      setting: setting.baseUrl,
      env: context.env,
      envName: "ANTHROPIC_BASE_URL",
      fallback: "https://api.anthropic.com/v1",
    });
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    const modelId = model ?? defaultModel;
    return await createAiSdkModel({
      provider: anthropic,
      modelId,
      model: createAnthropic({ apiKey, baseURL, headers: setting.headers })(modelId),
      secrets: secretsOf(anthropic, context),
      // The API takes no fewer than 1024 tokens.
      mapReasoning: reasoningByTokens((tokens) => ({
        anthropic: { thinking: { type: "enabled", budgetTokens: Math.max(1024, tokens) } },
      })),
    });
  },
};
