/** Amazon Bedrock, with a bearer token or an access key. */
import * as z from "zod";
import { ModelError } from "../ports";
import { createAiSdkModel } from "./aiSdkModel";
import { claudeReasoning, type MapReasoning, reasoningByLevel } from "./mapReasoning";
import type { Provider, ProviderContext } from "./provider";
import { providerOptions } from "./providerOptions";
import { chooseBaseUrl, findKey, headers, nonEmpty, readSetting, secretsOf } from "./readSetting";

const Setting = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, "not a region")
    .optional(),
  baseUrl: z.string().min(1).optional(),
  headers,
  providerOptions,
});

/** A profile that every commercial region serves. */
const defaultModel = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";

const missing = {
  reason: "there is no AWS key",
  fix: "Set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; and AWS_REGION.",
};

export const amazonBedrock: Provider = {
  name: "amazon-bedrock",
  label: "Amazon Bedrock",
  defaultModel,
  keyNames: ["AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
  async check(context) {
    if (!credentialsOf(context)) return { usable: false, ...missing };
    if (regionOf(context)) return { usable: true };
    return {
      usable: false,
      reason: "no AWS region is named",
      fix: "Set AWS_REGION, or `region` in [provider.setting].",
    };
  },
  listModels: async () => [{ id: defaultModel }],
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const credentials = credentialsOf(context);
    if (!credentials) {
      throw new ModelError(`There is no key for Amazon Bedrock. ${missing.fix}`, {
        class: "provider_auth",
        isRetryable: false,
      });
    }
    const region = setting.region ?? regionOf(context);
    if (region === undefined) {
      throw new ModelError("Amazon Bedrock needs a region. Set AWS_REGION, or `region` in [provider.setting].", {
        class: "invalid_definition",
        isRetryable: false,
      });
    }
    const envName = context.env.AWS_ENDPOINT_URL_BEDROCK_RUNTIME
      ? "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"
      : "AWS_ENDPOINT_URL";
    const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
    const baseURL = chooseBaseUrl({
      setting: setting.baseUrl,
      env: context.env,
      envName,
      fallback: `https://bedrock-runtime.${region}.${domain}`,
    });
    const { createAmazonBedrock } = await import("@ai-sdk/amazon-bedrock");
    const modelId = model ?? defaultModel;
    const sdk = createAmazonBedrock({
      region,
      baseURL,
      ...credentials,
      ...(setting.headers && { headers: setting.headers }),
    });
    return await createAiSdkModel({
      provider: amazonBedrock,
      modelId,
      model: sdk(modelId),
      secrets: secretsOf(amazonBedrock, context),
      optionsKey: "amazonBedrock",
      options: setting.providerOptions,
      mapReasoning: reasoningOf(modelId),
      ...(keepsPrompts.test(modelId) && { cache: { breakpoint: { cachePoint: { type: "default" } } } }),
    });
  },
};

/** The models that take cache points: the others refuse a request with one. */
const keepsPrompts = /claude-(?:3-7-sonnet|3-5-haiku|[a-z]+-[4-9])/;

/** What stands behind an ARN is not known; a number of tokens is for Claude alone. */
function reasoningOf(modelId: string): MapReasoning {
  if (!/claude|^arn:/.test(modelId)) return reasoningByLevel;
  return claudeReasoning(modelId, {
    enabled: (budgetTokens) => ({ reasoningConfig: { type: "enabled", budgetTokens } }),
    adaptive: { reasoningConfig: { type: "adaptive", display: "summarized" } },
  });
}

/** An empty `apiKey` keeps the SDK from looking for one in the environment of the process. */
function credentialsOf({ env }: ProviderContext) {
  const apiKey = findKey(env, ["AWS_BEARER_TOKEN_BEDROCK"]);
  if (apiKey !== undefined) return { apiKey };
  const accessKeyId = findKey(env, ["AWS_ACCESS_KEY_ID"]);
  const secretAccessKey = findKey(env, ["AWS_SECRET_ACCESS_KEY"]);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = findKey(env, ["AWS_SESSION_TOKEN"]);
  return { apiKey: "", accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

function regionOf({ setting, env }: ProviderContext): string | undefined {
  const named = typeof setting.region === "string" ? setting.region : undefined;
  return nonEmpty(named) ?? nonEmpty(env.AWS_REGION) ?? nonEmpty(env.AWS_DEFAULT_REGION);
}
