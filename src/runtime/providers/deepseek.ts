/** DeepSeek's chat API. */
import * as z from "zod";
import { createAiSdkModel } from "./aiSdkModel";
import { knownModels } from "./knownModels";
import { reasoningByLevel } from "./mapReasoning";
import type { Provider } from "./provider";
import { providerOptions } from "./providerOptions";
import { checkKey, chooseBaseUrl, headers, readSetting, requireKey, secretsOf, text } from "./readSetting";
import { imagesOnly } from "./toModelMessages";

const Setting = z.strictObject({ baseUrl: text, headers, providerOptions });

const defaultModel = "deepseek-v4-flash";

export const deepseek: Provider = {
  name: "deepseek",
  label: "DeepSeek",
  defaultModel,
  keyNames: ["DEEPSEEK_API_KEY"],
  check: async ({ env }) => checkKey(deepseek, env),
  listModels: async () => knownModels(defaultModel, "deepseek"),
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const apiKey = requireKey(deepseek, context.env);
    const baseURL = chooseBaseUrl({
      setting: setting.baseUrl,
      env: context.env,
      envName: "DEEPSEEK_BASE_URL",
      fallback: "https://api.deepseek.com",
    });
    const { createDeepSeek } = await import("@ai-sdk/deepseek");
    const modelId = model ?? defaultModel;
    return await createAiSdkModel({
      provider: deepseek,
      modelId,
      model: createDeepSeek({ apiKey, baseURL, ...(setting.headers && { headers: setting.headers }) })(modelId),
      secrets: secretsOf(deepseek, context),
      optionsKey: "deepseek",
      options: setting.providerOptions,
      mapReasoning: reasoningByLevel,
      media: { inToolResults: true, types: imagesOnly },
    });
  },
};
