/** Reading what a provider needs from `[provider.setting]` and the environment, with errors that name the key. */
import * as z from "zod";
import { isSecretName } from "../../model/secretForms";
import { ModelError } from "../ports";
import type { Provider, ProviderContext, Usability } from "./provider";

export const headers = z.record(z.string(), z.string()).optional();
export const text = z.string().min(1).optional();

export function readSetting<S extends z.ZodObject>(schema: S, { setting }: ProviderContext): z.infer<S> {
  const parsed = schema.safeParse(setting);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const keys = issue?.code === "unrecognized_keys" ? issue.keys : (issue?.path ?? []);
  const known = Object.keys(schema.shape).join(", ");
  const what = issue?.code === "unrecognized_keys" ? `unknown key; known are ${known || "none"}` : issue?.message;
  throw invalidSetting(["provider.setting", ...keys].join("."), `${what}`);
}

/** The base URL from the setting, else from the environment, else the provider's own; without a slash at the end. */
export function chooseBaseUrl(source: {
  setting: string | undefined;
  env: ProviderContext["env"];
  envName: string;
  fallback: string;
  /** Plain http to other machines too. */
  allowHttp?: boolean;
}): string {
  const fromEnv = nonEmpty(source.env[source.envName]);
  const place = source.setting === undefined ? source.envName : "provider.setting.baseUrl";
  const value = source.setting ?? fromEnv ?? source.fallback;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    throw invalidSetting(place, "not a URL that starts with https://");
  }
  if (url.username || url.password) throw invalidSetting(place, "a URL here must not carry a user name or password");
  if (url.protocol === "http:" && !source.allowHttp && !isLoopback(url.hostname)) {
    throw invalidSetting(place, "http:// is allowed for this machine only; use https://");
  }
  return value.replace(/\/+$/, "");
}

export function findKey(env: ProviderContext["env"], names: readonly string[]): string | undefined {
  for (const name of names) {
    const key = nonEmpty(env[name]);
    if (key !== undefined) return key;
  }
  return undefined;
}

type Keyed = Pick<Provider, "label" | "keyNames">;

export function requireKey({ label, keyNames }: Keyed, env: ProviderContext["env"]): string {
  const key = findKey(env, keyNames);
  if (key !== undefined) return key;
  throw new ModelError(`There is no key for ${label}. ${keyFix(keyNames)}`, {
    class: "provider_auth",
    isRetryable: false,
  });
}

export function checkKey({ keyNames }: Keyed, env: ProviderContext["env"]): Usability {
  if (findKey(env, keyNames) !== undefined) return { usable: true };
  return { usable: false, reason: `${keyNames.join(" or ")} is not set`, fix: keyFix(keyNames) };
}

/** What must not reach a log: keys, what is named like one, and custom headers, which often carry one. */
export function secretsOf({ keyNames }: Keyed, context: ProviderContext): string[] {
  const custom = z.object({ headers: z.record(z.string(), z.unknown()) }).safeParse(context.setting);
  // What an error may echo is cut to a line here: of another secret, too, no piece may be left.
  const names = [...keyNames, ...Object.keys(context.env).filter(isSecretName)];
  const values = [...names.map((name) => context.env[name]), ...Object.values(custom.data?.headers ?? {})];
  const texts = values.filter((value) => typeof value === "string").map((value) => value.trim());
  // Of “Bearer xyz”, xyz alone is a secret too.
  return texts.flatMap((value) => [value, value.replace(/^(?:bearer|basic|token)\s+/i, "")]);
}

export function invalidSetting(key: string, what: string): ModelError {
  return new ModelError(`${key}: ${what}. Correct it in perstack.toml or in the environment.`, {
    class: "invalid_definition",
    isRetryable: false,
  });
}

export function nonEmpty(value: string | undefined): string | undefined {
  return value?.trim() || undefined;
}

function keyFix(names: readonly string[]): string {
  return `Set ${names.join(" or ")}, or run “Runtrail: Set API Key…”.`;
}

export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/i.test(hostname);
}
