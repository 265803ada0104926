/** OpenAI: the Responses API, or with `api = "chat"` Chat Completions, as compatible servers speak it. */
import * as z from "zod";
import { createAiSdkModel } from "./aiSdkModel";
import { knownModels } from "./knownModels";
import { openaiReasoning } from "./mapReasoning";
import type { Provider } from "./provider";
import { providerOptions } from "./providerOptions";
import { checkKey, chooseBaseUrl, headers, readSetting, requireKey, secretsOf, text } from "./readSetting";
import { imagesAndPdf } from "./toModelMessages";

const Setting = z.strictObject({
  baseUrl: text,
  headers,
  organization: text,
  project: text,
  /** Of a compatible provider; it is part of the SDK's names only. */
  name: text,
  api: z.enum(["responses", "chat"]).optional(),
  providerOptions,
});

const defaultModel = "gpt-5";

export const openai: Provider = {
  name: "openai",
  label: "OpenAI",
  defaultModel,
  keyNames: ["OPENAI_API_KEY"],
  check: async ({ env }) => checkKey(openai, env),
  listModels: async () => knownModels(defaultModel, "openai"),
  async open(model, context) {
    const { baseUrl, api, providerOptions: options, ...setting } = readSetting(Setting, context);
    const apiKey = requireKey(openai, context.env);
    const baseURL = chooseBaseUrl({
      setting: baseUrl,
      env: context.env,
      envName: "OPENAI_BASE_URL",
      fallback: "https://api.openai.com/v1",
    });
    const { createOpenAI } = await import("@ai-sdk/openai");
    const modelId = model ?? defaultModel;
    const sdk = createOpenAI({ apiKey, baseURL, ...setting });
    const common = {
      provider: openai,
      modelId,
      secrets: secretsOf(openai, context),
      optionsKey: "openai",
      options,
      mapReasoning: openaiReasoning(modelId),
    };
    if (api === "chat") {
      // Chat Completions has no place for images and files in a tool's result.
      return await createAiSdkModel({
        ...common,
        model: sdk.chat(modelId),
        media: { inToolResults: false, types: imagesAndPdf },
      });
    }
    return await createAiSdkModel({
      ...common,
      model: sdk.responses(modelId),
      // Nothing is kept at OpenAI: the conversation is in the journal, its reasoning sealed in the parts.
      defaults: { store: false },
      cache: { keyName: "promptCacheKey" },
    });
  },
};
