/** What a shape cannot say: keys against each other, experts against each other, and what this runtime does otherwise. */
import { baseSkillName, Definition } from "./definition";
import { didYouMean } from "./definitionKeys";
import { type Finding, keySpan, placeOf } from "./definitionShape";
import { expertKeyPattern, isRegistryKey, maxExpertKeyLength } from "./expertKey";
import { nearestWord } from "./nearestWord";
import { endpointFault } from "./skillEndpoint";
import type { Span } from "./textRange";
import { nodeAt, stringsOf, type TomlTable, tableAt } from "./tomlTree";

/** The environment that experts will see; absent: not known, so not checked. */
export type KnownEnv = Readonly<Record<string, string | undefined>> | undefined;

export function checkTop(root: TomlTable): Finding[] {
  return [...checkRuntime(root), ...checkSettings(root), ...checkEnvPaths(root)];
}

export function checkExpert(root: TomlTable, key: string, env: KnownEnv): Finding[] {
  const skills = tableAt(root, "experts", key, "skills");
  return [
    ...checkKey(root, key),
    ...checkDelegates(root, key),
    ...checkBaseSkill(skills, key),
    ...[...(skills?.entries.keys() ?? [])].flatMap((skill) => checkSkill(root, ["experts", key, "skills", skill], env)),
  ];
}

function checkRuntime(root: TomlTable): Finding[] {
  const findings: Finding[] = [];
  const runtime = nodeAt(root, ["runtime"]);
  if (runtime?.kind === "leaf" && typeof runtime.value === "string" && runtime.value !== "local") {
    const isKnown = Definition.shape.runtime.safeParse(runtime.value).success;
    const message = `The runtime “${runtime.value}” is not used here: experts run in Runtrail's own runtime.`;
    if (isKnown) findings.push(warning("unsupported-runtime", message, runtime.span));
  }
  const command = root.entries.get("perstackBaseSkillCommand");
  if (command) {
    const message = `“perstackBaseSkillCommand” is ignored: ${baseSkillName} is built in.`;
    findings.push(warning("ignored-key", message, keySpan(command) ?? command.span));
  }
  return findings;
}

/** Any setting may stand in `[provider.setting]`; a key of the top of the file is there by accident. */
function checkSettings(root: TomlTable): Finding[] {
  const setting = tableAt(root, "provider", "setting");
  const misplaced = [...(setting?.entries ?? [])].filter(([key]) => Object.hasOwn(Definition.shape, key));
  const findings = misplaced.map(([key, node]) => {
    const message = `“${key}” has no effect in [provider.setting]: a key behind a header belongs to that table. Move it to the top of the file, above the first [table].`;
    return warning("unknown-key", message, keySpan(node) ?? node.span);
  });
  const baseUrl = setting?.entries.get("baseUrl");
  if (baseUrl?.kind === "leaf" && !(typeof baseUrl.value === "string" && URL.canParse(baseUrl.value))) {
    findings.push(
      error("invalid-value", '“baseUrl” must be an address, as in "https://example.com/v1".', baseUrl.span),
    );
  }
  return findings;
}

function checkEnvPaths(root: TomlTable): Finding[] {
  return stringsOf(root.entries.get("envPath"))
    .filter(({ text }) => leavesFolder(text))
    .map(({ text, span }) => {
      const message = `“${text}” leaves the folder of this file: an env file must lie inside it. Name others with --env-path.`;
      return error("env-path-outside", message, span);
    });
}

function leavesFolder(path: string): boolean {
  if (/^(?:[/\\~]|[A-Za-z]:)/u.test(path)) return true;
  let depth = 0;
  for (const part of path.split(/[/\\]/u)) {
    if (part === "..") depth -= 1;
    else if (part !== "" && part !== ".") depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

function checkKey(root: TomlTable, key: string): Finding[] {
  const span = placeOf(root, ["experts", key]);
  if (key.length > maxExpertKeyLength) {
    return [
      error(
        "bad-expert-key",
        `This key is ${key.length} characters long; at most ${maxExpertKeyLength} are allowed.`,
        span,
      ),
    ];
  }
  if (expertKeyPattern.test(key)) return [];
  const better = key
    .toLowerCase()
    .replace(/\s+/gu, "-")
    .replace(/[^a-z0-9_.-]/gu, "")
    .replace(/^[^a-z0-9]+/u, "");
  const hint = better !== "" && better !== key ? ` For instance “${better}”.` : "";
  const message = `“${key}” cannot be an expert's key: use lower-case letters, digits, “-”, “_” and “.”, and begin with a letter or digit.${hint}`;
  return [error("bad-expert-key", message, span)];
}

function checkDelegates(root: TomlTable, key: string): Finding[] {
  const experts = tableAt(root, "experts");
  const keys = [...(experts?.entries.keys() ?? [])];
  return stringsOf(nodeAt(root, ["experts", key, "delegates"])).flatMap(({ text, span }) => {
    if (keys.includes(text)) return [];
    if (isRegistryKey(text)) {
      const message = `“${text}” is an expert of the registry: experts are not fetched from there. Define it in this file to delegate to it.`;
      return [warning("unknown-delegate", message, span)];
    }
    const near = nearestWord(text, keys);
    const help = near ? didYouMean(near) : ` Add [experts."${text}"] or remove it from the list.`;
    return [error("unknown-delegate", `There is no expert “${text}” in this file.${help}`, span)];
  });
}

function checkBaseSkill(skills: TomlTable | undefined, key: string): Finding[] {
  if (!skills || skills.entries.has(baseSkillName)) return [];
  const message = `These skills do not include ${baseSkillName}, so the expert cannot touch files, run commands or complete its work with attemptCompletion. Add [experts."${key}".skills."${baseSkillName}"].`;
  return [warning("missing-base-skill", message, keySpan(skills) ?? skills.span)];
}

function checkSkill(root: TomlTable, path: string[], env: KnownEnv): Finding[] {
  const skill = tableAt(root, ...path);
  const type = skill?.entries.get("type");
  if (!skill || type?.kind !== "leaf") return [];
  const isBase = path.at(-1) === baseSkillName;
  switch (type.value) {
    case "mcpStdioSkill":
      return [...(isBase ? checkPinned(skill) : checkSource(root, path, skill)), ...checkEnv(skill, env)];
    case "mcpSseSkill":
      return checkEndpoint(skill);
    case "interactiveSkill":
      return checkInputSchemas(skill);
    default:
      return [];
  }
}

/** Perstack refuses both and neither only when it runs. */
function checkSource(root: TomlTable, path: readonly string[], skill: TomlTable): Finding[] {
  const [name, args] = [skill.entries.get("packageName"), skill.entries.get("args")];
  if (name && args) {
    const message = "“packageName” and “args” exclude each other: keep the one that says what the command is to run.";
    const later = args.span.start > name.span.start ? args : name;
    return [error("invalid-skill", message, keySpan(later) ?? later.span)];
  }
  if (name ?? args) return [];
  const message =
    "This skill says neither “packageName” nor “args”: name the package of the MCP server, or the arguments that start it.";
  return [error("invalid-skill", message, placeOf(root, path))];
}

function checkPinned(skill: TomlTable): Finding[] {
  const name = skill.entries.get("packageName");
  if (name?.kind !== "leaf" || name.value === baseSkillName || typeof name.value !== "string") return [];
  const message = `“${name.value}” is not fetched: ${baseSkillName} is built in.`;
  return [warning("ignored-key", message, name.span)];
}

function checkEnv(skill: TomlTable, env: KnownEnv): Finding[] {
  if (!env) return [];
  return stringsOf(skill.entries.get("requiredEnv"))
    .filter(({ text }) => !env[text])
    .map(({ text, span }) => {
      const message = `The environment variable “${text}” is not set: set it, or add it to .env or .env.local beside this file.`;
      return warning("missing-env", message, span);
    });
}

function checkEndpoint(skill: TomlTable): Finding[] {
  const endpoint = skill.entries.get("endpoint");
  if (endpoint?.kind !== "leaf" || typeof endpoint.value !== "string") return [];
  const fault = endpointFault(endpoint.value);
  return fault ? [error("invalid-value", `This “endpoint” cannot be used. ${fault}`, endpoint.span)] : [];
}

function checkInputSchemas(skill: TomlTable): Finding[] {
  const tools = tableAt(skill, "tools");
  return [...(tools?.entries.keys() ?? [])].flatMap((tool) => {
    const schema = tools && nodeAt(tools, [tool, "inputJsonSchema"]);
    if (schema?.kind !== "leaf" || typeof schema.value !== "string" || isJsonObject(schema.value)) return [];
    return [error("invalid-value", `The “inputJsonSchema” of “${tool}” is no JSON object.`, schema.span)];
  });
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function error(code: string, message: string, span: Span): Finding {
  return { severity: "error", code, message, span };
}

function warning(code: string, message: string, span: Span): Finding {
  return { severity: "warning", code, message, span };
}
