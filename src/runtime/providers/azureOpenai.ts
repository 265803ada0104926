/** OpenAI's models on Azure; a model is named by its deployment. */
import * as z from "zod";
import { ModelError } from "../ports";
import { createAiSdkModel } from "./aiSdkModel";
import { azureReasoning } from "./mapReasoning";
import type { Provider, ProviderContext } from "./provider";
import { providerOptions } from "./providerOptions";
import { checkKey, chooseBaseUrl, headers, nonEmpty, readSetting, requireKey, secretsOf, text } from "./readSetting";
import { imagesAndPdf } from "./toModelMessages";

const Setting = z.strictObject({
  baseUrl: text,
  headers,
  resourceName: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i, "letters, digits and hyphens only")
    .optional(),
  apiVersion: text,
  useDeploymentBasedUrls: z.boolean().optional(),
  api: z.enum(["responses", "chat"]).optional(),
  providerOptions,
});

export const azureOpenai: Provider = {
  name: "azure-openai",
  label: "Azure OpenAI",
  keyNames: ["AZURE_API_KEY"],
  async check(context) {
    const keyed = checkKey(azureOpenai, context.env);
    if (!keyed.usable || placeOf(context)) return keyed;
    return { usable: false, reason: "no Azure resource is named", fix: resourceFix };
  },
  async open(model, context) {
    const read = readSetting(Setting, context);
    const { baseUrl, api, resourceName, headers: custom, providerOptions: options, ...setting } = read;
    const apiKey = requireKey(azureOpenai, context.env);
    if (model === undefined) throw invalid("Azure OpenAI needs a model: set `model` to the name of the deployment.");
    const place = placeOf(context);
    if (!place) throw invalid(`No Azure resource is named. ${resourceFix}`);
    const baseURL = chooseBaseUrl({
      setting: baseUrl,
      env: context.env,
      envName: "AZURE_BASE_URL",
      fallback: `https://${resourceName ?? place}.openai.azure.com/openai`,
    });
    const { createAzure } = await import("@ai-sdk/azure");
    const sdk = createAzure({ apiKey, baseURL, ...(custom && { headers: custom }), ...setting });
    const common = {
      provider: azureOpenai,
      modelId: model,
      secrets: secretsOf(azureOpenai, context),
      optionsKey: "azure",
      options,
      mapReasoning: azureReasoning(model),
    };
    if (api === "chat" || (api === undefined && setting.useDeploymentBasedUrls)) {
      return await createAiSdkModel({
        ...common,
        model: sdk.chat(model),
        media: { inToolResults: false, types: imagesAndPdf },
      });
    }
    return await createAiSdkModel({
      ...common,
      model: sdk.responses(model),
      defaults: { store: false },
      cache: { keyName: "promptCacheKey" },
    });
  },
};

const resourceFix = "Set `resourceName` or `baseUrl` in [provider.setting], AZURE_RESOURCE_NAME or AZURE_BASE_URL.";

function placeOf({ setting, env }: ProviderContext): string | undefined {
  const named = [setting.baseUrl, setting.resourceName].find((value) => typeof value === "string");
  return nonEmpty(named) ?? nonEmpty(env.AZURE_BASE_URL) ?? nonEmpty(env.AZURE_RESOURCE_NAME);
}

function invalid(message: string): ModelError {
  return new ModelError(message, { class: "invalid_definition", isRetryable: false });
}
