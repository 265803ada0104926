/** Anthropic's Messages API. */
import * as z from "zod";
import { createAiSdkModel } from "./aiSdkModel";
import { knownModels } from "./knownModels";
import { claudeReasoning } from "./mapReasoning";
import type { Provider } from "./provider";
import { providerOptions } from "./providerOptions";
import { checkKey, chooseBaseUrl, headers, readSetting, requireKey, secretsOf, text } from "./readSetting";

const Setting = z.strictObject({ baseUrl: text, headers, providerOptions });

const defaultModel = "claude-sonnet-4-5";

export const anthropic: Provider = {
  name: "anthropic",
  label: "Anthropic",
  defaultModel,
  keyNames: ["ANTHROPIC_API_KEY"],
  check: async ({ env }) => checkKey(anthropic, env),
  listModels: async () => knownModels(defaultModel, "anthropic"),
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
    // On the request itself it would be a fourth mark, and one of another lifetime.
    const { cacheControl = { type: "ephemeral" }, ...options } = setting.providerOptions ?? {};
    return await createAiSdkModel({
      provider: anthropic,
      modelId,
      model: createAnthropic({ apiKey, baseURL, headers: setting.headers })(modelId),
      secrets: secretsOf(anthropic, context),
      optionsKey: "anthropic",
      options,
      cache: { breakpoint: { cacheControl } },
      mapReasoning: claudeReasoning(modelId, {
        enabled: (budgetTokens) => ({ thinking: { type: "enabled", budgetTokens } }),
      }),
    });
  },
};
