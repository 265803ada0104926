/** Google's Gemini API. */
import * as z from "zod";
import { createAiSdkModel } from "./aiSdkModel";
import { geminiMedia } from "./geminiMedia";
import { knownModels } from "./knownModels";
import { geminiReasoning } from "./mapReasoning";
import type { Provider } from "./provider";
import { providerOptions } from "./providerOptions";
import { checkKey, chooseBaseUrl, headers, readSetting, requireKey, secretsOf, text } from "./readSetting";

const Setting = z.strictObject({ baseUrl: text, headers, providerOptions });

const defaultModel = "gemini-2.5-pro";

export const google: Provider = {
  name: "google",
  label: "Google",
  defaultModel,
  keyNames: ["GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"],
  check: async ({ env }) => checkKey(google, env),
  listModels: async () => knownModels(defaultModel, "google"),
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const apiKey = requireKey(google, context.env);
    const baseURL = chooseBaseUrl({
      setting: setting.baseUrl,
      env: context.env,
      envName: "GOOGLE_GENERATIVE_AI_BASE_URL",
      fallback: "https://generativelanguage.googleapis.com/v1beta",
    });
    const { createGoogle } = await import("@ai-sdk/google");
    const modelId = model ?? defaultModel;
    return await createAiSdkModel({
      provider: google,
      modelId,
      model: createGoogle({ apiKey, baseURL, headers: setting.headers })(modelId),
      secrets: secretsOf(google, context),
      optionsKey: "google",
      options: setting.providerOptions,
      mapReasoning: geminiReasoning(modelId),
      media: geminiMedia(modelId),
    });
  },
};
