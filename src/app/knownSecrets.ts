/** The secrets that a job may come upon: stored keys, the environment, `.env` files, and what the definition itself holds. */
import { parseJson } from "../base/lines";
import type { Definition, Skill } from "../model/definition";
import { isSecretName, type Secret } from "../model/secretForms";
import { isRecord } from "../model/toolText";
import { providers } from "../runtime/providers/index";

type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretSources {
  definition: Definition;
  /** Of the process. */
  env: Environment;
  /** Of the `.env` files: `cat .env` shows what is in them, even where the process's environment wins. */
  files: Environment;
  /** Stored keys. */
  secrets: Environment;
}

/** The first name of a value is the one to show. What a redactor leaves alone (see `isPlainValue`) is among them. */
export function knownSecrets({ definition, env, files, secrets }: SecretSources): Secret[] {
  const named = new Set([...providers.flatMap(({ keyNames }) => keyNames), ...requiredEnvOf(definition)]);
  const stored = Object.entries(secrets).flatMap(([name, value]) => (value ? partsOf({ name, value }) : []));
  const variables = [...Object.entries(files), ...Object.entries(env)].flatMap(([name, value]) => {
    if (!value) return [];
    return named.has(name) || isSecretName(name) ? partsOf({ name, value }) : addressParts({ name, value });
  });
  return [...stored, ...variables, ...settingSecrets(definition), ...skillSecrets(definition)];
}

function requiredEnvOf(definition: Definition): string[] {
  return skillsOf(definition).flatMap(([, skill]) => (skill.type === "mcpStdioSkill" ? (skill.requiredEnv ?? []) : []));
}

function skillsOf({ experts = {} }: Definition): [name: string, skill: Skill][] {
  return Object.values(experts).flatMap(({ skills = {} }) => Object.entries(skills));
}

/** `[provider.setting]`: whatever is named like a secret, and every header of one's own, for they often carry one. */
function settingSecrets({ provider }: Definition): Secret[] {
  return leavesOf(provider?.setting ?? {}, "provider.setting").flatMap(({ name, value }) => {
    const header = /^provider\.setting\.headers\.(?<header>.+)$/u.exec(name)?.groups?.header;
    const isCustom = header !== undefined && !/^(?:accept|content-type)$/iu.test(header);
    return isCustom || isSecretName(name.slice("provider.setting.".length))
      ? partsOf({ name, value })
      : addressParts({ name, value });
  });
}

/** A server's arguments and address, where they carry a key: `--api-key=…`, `--token …`, `?key=…`. */
function skillSecrets(definition: Definition): Secret[] {
  return skillsOf(definition).flatMap(([skill, entry]) => {
    if (entry.type === "mcpSseSkill") return addressParts({ name: `${skill}.endpoint`, value: entry.endpoint });
    if (entry.type !== "mcpStdioSkill") return [];
    return (entry.args ?? []).flatMap((argument, index, args) => {
      const own = /^--?(?<name>[\w-]+)=(?<value>.+)$/su.exec(argument)?.groups;
      if (own) {
        const found = { name: `${skill}.${own.name}`, value: own.value ?? "" };
        return isSecretName(own.name ?? "") ? partsOf(found) : addressParts(found);
      }
      const before = /^--?(?<name>[\w-]+)$/u.exec(args[index - 1] ?? "")?.groups?.name;
      if (before !== undefined && isSecretName(before)) return partsOf({ name: `${skill}.${before}`, value: argument });
      return addressParts({ name: `${skill}.args`, value: argument });
    });
  });
}

/** A secret and the smaller ones in it: behind “Bearer”, in an address, in the JSON of a service account. */
function partsOf({ name, value }: Required<Secret>): Secret[] {
  const scheme = /^(?:bearer|basic|token|bot)\s+(?<rest>\S.*)$/isu.exec(value.trim());
  const rest = scheme?.groups?.rest;
  const login = rest === undefined ? undefined : /^[^:]+:(?<password>.+)$/su.exec(decodeBase64(rest));
  const parsed = value.trimStart().startsWith("{") ? parseJson(value) : undefined;
  return [
    { name, value },
    ...(rest === undefined ? [] : [{ name, value: rest }]),
    ...(login?.groups?.password === undefined ? [] : [{ name, value: login.groups.password }]),
    ...leavesOf(parsed, name).filter((leaf) => isSecretName(leaf.name.slice(name.length))),
    ...addressParts({ name, value }),
  ];
}

/** The password, and what is named like a secret in the query, of a URL. */
function addressParts({ name, value }: Required<Secret>): Secret[] {
  const text = value.trim();
  if (!/^[a-z][a-z0-9+.-]*:\/\//iu.test(text) || !URL.canParse(text)) return [];
  const url = new URL(text);
  const queried = [...url.searchParams].filter(([key]) => isSecretName(key)).map(([, each]) => each);
  const values = new Set([url.password, decodePercents(url.password), ...queried]);
  return [...values].filter((each) => each !== "").map((each) => ({ name, value: each }));
}

function leavesOf(value: unknown, name: string): Required<Secret>[] {
  if (typeof value === "string") return [{ name, value }];
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, `${name}.${key}`));
}

function decodePercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decodeBase64(text: string): string {
  return /^[a-z0-9+/]+={0,2}$/iu.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
}
