/** Ollama: models on this machine (or another one's), without a key. */
import * as z from "zod";
import { ModelError } from "../ports";
import { createAiSdkModel } from "./aiSdkModel";
import { toModelError } from "./classifyError";
import type { MapReasoning } from "./mapReasoning";
import { checkLines } from "./ollamaLines";
import type { Provider, ProviderContext } from "./provider";
import { chooseBaseUrl, headers, invalidSetting, readSetting, secretsOf, text } from "./readSetting";

const Setting = z.strictObject({ baseUrl: text, headers });
type Setting = z.infer<typeof Setting>;

const Tags = z.object({ models: z.array(z.object({ name: z.string() })) });

const pullFix = "Get one with `ollama pull`, such as `ollama pull qwen3`.";

export const ollama: Provider = {
  name: "ollama",
  label: "Ollama",
  keyNames: [],
  async check(context) {
    try {
      const setting = readSetting(Setting, context);
      const models = await listModels(urlOf(setting, context), setting, AbortSignal.timeout(400));
      return models.length > 0
        ? { usable: true }
        : { usable: false, reason: "Ollama runs, but has no model", fix: pullFix };
    } catch (error) {
      if (error instanceof ModelError) return { usable: false, reason: error.message, fix: "Correct the setting." };
      return { usable: false, reason: "Ollama does not answer", fix: "Start it with `ollama serve`." };
    }
  },
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const baseURL = urlOf(setting, context);
    const modelId = model ?? (await firstModel(baseURL, setting, context));
    const { createOllama } = await import("ollama-ai-provider-v2");
    const sdk = createOllama({ baseURL, fetch: checkLines, ...(setting.headers && { headers: setting.headers }) });
    return await createAiSdkModel({
      provider: ollama,
      modelId,
      model: sdk(modelId),
      secrets: secretsOf(ollama, context),
      mapReasoning,
      media: { inToolResults: false, types: /^image\// },
      endsWithUsage: true,
    });
  },
};

/** On or off is all it knows. */
const mapReasoning: MapReasoning = (budget) => ({
  providerOptions: { ollama: { think: budget !== "none" && budget !== 0 } },
});

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
