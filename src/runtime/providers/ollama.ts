/** Ollama: models on this machine (or another one's), without a key. */
import * as z from "zod";
import { ModelError } from "../ports";
import { createAiSdkModel } from "./aiSdkModel";
import { toModelError } from "./classifyError";
import { levelOf, nearestLevel } from "./mapReasoning";
import { createOllamaFetch, type Think } from "./ollamaWire";
import type { Provider, ProviderContext } from "./provider";
import { providerOptions } from "./providerOptions";
import { chooseBaseUrl, headers, invalidSetting, readSetting, secretsOf, text } from "./readSetting";
import { imagesOnly } from "./toModelMessages";

const Setting = z.strictObject({ baseUrl: text, headers, providerOptions });
type Setting = z.infer<typeof Setting>;

const Tags = z.object({ models: z.array(z.object({ name: z.string() })) });

const pullFix = "Get one with `ollama pull`, such as `ollama pull qwen3`.";

export const ollama: Provider = {
  name: "ollama",
  label: "Ollama",
  keyNames: [],
  isClosed: true,
  async check(context) {
    try {
      const models = await installedModels(context);
      return models.length > 0
        ? { usable: true }
        : { usable: false, reason: "Ollama runs, but has no model", fix: pullFix };
    } catch (error) {
      if (error instanceof ModelError) return { usable: false, reason: error.message, fix: "Correct the setting." };
      return { usable: false, reason: "Ollama does not answer", fix: "Start it with `ollama serve`." };
    }
  },
  listModels: async (context) => (await installedModels(context)).map((id) => ({ id })),
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const baseURL = urlOf(setting, context);
    const modelId = model ?? (await firstModel(baseURL, setting, context));
    const { createOllama } = await import("ollama-ai-provider-v2");
    const { think: ownThink, ...options } = setting.providerOptions ?? {};
    const modelFor = (think: Think | undefined) =>
      createOllama({
        baseURL,
        fetch: createOllamaFetch(think),
        ...(setting.headers && { headers: setting.headers }),
      })(modelId);
    return await createAiSdkModel({
      provider: ollama,
      modelId,
      model: ({ reasoningBudget }) => modelFor(thinkOf(modelId, reasoningBudget) ?? asThink(ownThink)),
      secrets: secretsOf(ollama, context),
      optionsKey: "ollama",
      options,
      // The adapter knows on and off alone, and says “off” where nobody said anything.
      mapReasoning: () => ({}),
      media: { inToolResults: false, types: imagesOnly },
      endsWithUsage: true,
    });
  },
};

/** Most models think or do not; gpt-oss always does, more or less. */
function thinkOf(modelId: string, budget: string | number | undefined): Think | undefined {
  const level = budget === undefined ? undefined : levelOf(budget);
  if (level === undefined) return undefined;
  return /gpt-?oss/.test(modelId) ? nearestLevel(level, ["low", "medium", "high"]) : level !== "none";
}

function asThink(value: unknown): Think | undefined {
  return typeof value === "boolean" || typeof value === "string" ? value : undefined;
}

function urlOf(setting: Setting, { env }: ProviderContext): string {
  const url = chooseBaseUrl({
    setting: setting.baseUrl,
    env,
    envName: "OLLAMA_BASE_URL",
    fallback: "http://127.0.0.1:11434/api",
    allowHttp: true,
  });
  return new URL(url).pathname === "/" ? `${url}/api` : url;
}

async function installedModels(context: ProviderContext): Promise<string[]> {
  const setting = readSetting(Setting, context);
  return await listModels(urlOf(setting, context), setting, AbortSignal.timeout(400));
}

async function firstModel(baseURL: string, setting: Setting, context: ProviderContext): Promise<string> {
  const source = { label: ollama.label, keyNames: [], modelId: "", secrets: secretsOf(ollama, context) };
  const models = await listModels(baseURL, setting, AbortSignal.timeout(5000)).catch((error: unknown) => {
    throw toModelError(error, source);
  });
  const first = models[0];
  if (first === undefined) throw invalidSetting("model", `Ollama has no model. ${pullFix}`);
  return first;
}

async function listModels(baseURL: string, setting: Setting, signal: AbortSignal): Promise<string[]> {
  const response = await fetch(`${baseURL}/tags`, { signal, ...(setting.headers && { headers: setting.headers }) });
  return Tags.parse(await response.json()).models.map(({ name }) => name);
}
