/** The key of an expert: what Perstack allows, and its parts. Source: `expertKeyRegex` of Perstack's core. */

/** `name`, `@scope/name`, either with `@1.2.3` or `@tag` behind it; lower case only. */
export const expertKeyPattern =
  /^(?<name>(?:@[a-z0-9][a-z0-9_.-]*\/)?[a-z0-9][a-z0-9_.-]*)(?:@(?<version>(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[\w.-]+)?(?:\+[\w.-]+)?)|@(?<tag>[a-z0-9][a-z0-9_.-]*))?$/u;

export const maxExpertKeyLength = 511;

export interface ExpertKey {
  /** With its scope: `@acme/reviewer`. */
  name: string;
  /** `acme` of `@acme/reviewer`. */
  scope?: string;
  /** The last part of the name, which also names the tool a delegate becomes. */
  shortName: string;
  version?: string;
  tag?: string;
}

/** `undefined` where it is no key. */
export function parseExpertKey(key: string): ExpertKey | undefined {
  if (key.length > maxExpertKeyLength) return undefined;
  const groups = expertKeyPattern.exec(key)?.groups;
  const name = groups?.name;
  if (name === undefined) return undefined;
  const slash = name.indexOf("/");
  return {
    name,
    shortName: name.slice(slash + 1),
    ...(slash > 0 && { scope: name.slice(1, slash) }),
    ...(groups?.version !== undefined && { version: groups.version }),
    ...(groups?.tag !== undefined && { tag: groups.tag }),
  };
}

/** Whether the key can only mean an expert of the registry: it has a scope, a version or a tag. */
export function isRegistryKey(key: string): boolean {
  const parsed = parseExpertKey(key);
  return parsed !== undefined && (parsed.scope ?? parsed.version ?? parsed.tag) !== undefined;
}
