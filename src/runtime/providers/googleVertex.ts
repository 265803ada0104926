/** Gemini on Google Cloud: with an API key (express mode), a service account, or the machine's default credentials. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ModelError } from "../ports";
import { createAiSdkModel } from "./aiSdkModel";
import { geminiMedia } from "./geminiMedia";
import { knownModels } from "./knownModels";
import { geminiReasoning } from "./mapReasoning";
import type { Provider, ProviderContext } from "./provider";
import { providerOptions } from "./providerOptions";
import { chooseBaseUrl, findKey, headers, nonEmpty, readSetting, secretsOf, text } from "./readSetting";

const Setting = z.strictObject({
  baseUrl: text,
  headers,
  project: text,
  location: z
    .string()
    .regex(/^[a-z0-9-]+$/, "not a location")
    .optional(),
  providerOptions,
});

const defaultModel = "gemini-2.5-pro";

const credentialsFix =
  "Set GOOGLE_VERTEX_API_KEY, or GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or run `gcloud auth application-default login`.";
const placeFix =
  "Set GOOGLE_VERTEX_PROJECT and GOOGLE_VERTEX_LOCATION, or `project` and `location` in [provider.setting].";

export const googleVertex: Provider = {
  name: "google-vertex",
  label: "Google Vertex AI",
  defaultModel,
  keyNames: ["GOOGLE_VERTEX_API_KEY", "GOOGLE_PRIVATE_KEY"],
  async check(context) {
    if (findKey(context.env, ["GOOGLE_VERTEX_API_KEY"])) return { usable: true };
    const { project, location } = placeOf(context);
    if (!project || !location) return { usable: false, reason: "no project and location are named", fix: placeFix };
    if (accountOf(context) || (await hasDefaultCredentials(context))) return { usable: true };
    return { usable: false, reason: "there are no Google Cloud credentials", fix: credentialsFix };
  },
  listModels: async () => knownModels(defaultModel, "google"),
  async open(model, context) {
    const setting = readSetting(Setting, context);
    const apiKey = findKey(context.env, ["GOOGLE_VERTEX_API_KEY"]);
    const { project, location } = placeOf(context);
    if (apiKey === undefined && (!project || !location)) {
      throw new ModelError(`Google Vertex AI needs a project and a location. ${placeFix}`, {
        class: "invalid_definition",
        isRetryable: false,
      });
    }
    const baseURL = chooseBaseUrl({
      setting: setting.baseUrl,
      env: context.env,
      envName: "GOOGLE_VERTEX_BASE_URL",
      fallback: apiKey === undefined ? vertexUrl(project, location) : `https://${host("global")}/v1/publishers/google`,
    });
    const { createGoogleVertex } = await import("@ai-sdk/google-vertex");
    const modelId = model ?? defaultModel;
    const account = accountOf(context);
    const sdk = createGoogleVertex({
      // Empty, not absent: else the SDK looks for one in the environment of the process.
      apiKey: apiKey ?? "",
      baseURL,
      ...(setting.headers && { headers: setting.headers }),
      ...(project !== undefined && { project }),
      ...(location !== undefined && { location }),
      ...(account && { googleAuthOptions: account }),
    });
    return await createAiSdkModel({
      provider: googleVertex,
      modelId,
      model: sdk(modelId),
      secrets: secretsOf(googleVertex, context),
      optionsKey: "googleVertex",
      options: setting.providerOptions,
      mapReasoning: geminiReasoning(modelId),
      media: geminiMedia(modelId),
    });
  },
};

function placeOf({ setting, env }: ProviderContext): { project: string | undefined; location: string | undefined } {
  const named = (value: unknown) => (typeof value === "string" ? nonEmpty(value) : undefined);
  return {
    project: named(setting.project) ?? nonEmpty(env.GOOGLE_VERTEX_PROJECT) ?? nonEmpty(env.GOOGLE_CLOUD_PROJECT),
    location: named(setting.location) ?? nonEmpty(env.GOOGLE_VERTEX_LOCATION) ?? nonEmpty(env.GOOGLE_CLOUD_LOCATION),
  };
}

function accountOf({ env }: ProviderContext) {
  const keyFilename = nonEmpty(env.GOOGLE_APPLICATION_CREDENTIALS);
  if (keyFilename !== undefined) return { keyFilename };
  const client_email = nonEmpty(env.GOOGLE_CLIENT_EMAIL);
  const private_key = nonEmpty(env.GOOGLE_PRIVATE_KEY)?.replaceAll("\\n", "\n");
  return client_email !== undefined && private_key !== undefined
    ? { credentials: { client_email, private_key } }
    : undefined;
}

/** Where `gcloud auth application-default login` leaves them; Google's library finds them by itself. */
async function hasDefaultCredentials({ env }: ProviderContext): Promise<boolean> {
  const unix = env.HOME && join(env.HOME, ".config", "gcloud");
  const folder = env.CLOUDSDK_CONFIG || (env.APPDATA ? join(env.APPDATA, "gcloud") : unix);
  if (!folder) return false;
  return await access(join(folder, "application_default_credentials.json")).then(
    () => true,
    () => false,
  );
}

function vertexUrl(project: string | undefined, location = "global"): string {
  return `https://${host(location)}/v1beta1/projects/${project}/locations/${location}/publishers/google`;
}

function host(location: string): string {
  if (location === "global") return "aiplatform.googleapis.com";
  return location === "eu" || location === "us"
    ? `aiplatform.${location}.rep.googleapis.com`
    : `${location}-aiplatform.googleapis.com`;
}
