/** Which keys each table of `perstack.toml` may have, and what to say of one that it may not. */
import type * as z from "zod";
import { Definition, Expert, InteractiveSkill, SseSkill, StdioSkill } from "./definition";
import { nearestWord } from "./nearestWord";
import { nodeAt, type TomlTable } from "./tomlTree";

const skills: Record<string, z.ZodObject> = {
  mcpStdioSkill: StdioSkill,
  mcpSseSkill: SseSkill,
  interactiveSkill: InteractiveSkill,
};

/** `undefined` where any key may stand. `path` leads to the table. */
export function knownKeysAt(root: TomlTable, path: readonly string[]): string[] | undefined {
  const [first, , third, , fifth] = path;
  if (path.length === 0) return Object.keys(Definition.shape);
  if (path.length === 1 && first === "provider") return ["providerName", "setting"];
  if (first !== "experts") return undefined;
  if (path.length === 2) return Object.keys(Expert.shape);
  if (path.length === 4 && third === "skills") return skillKeys(nodeAt(root, [...path, "type"]));
  if (path.length === 6 && fifth === "tools") return ["description", "inputJsonSchema"];
  return undefined;
}

/** What to say of a key that Perstack would drop in silence. */
export function unknownKeyMessage(root: TomlTable, path: readonly string[], key: string): string {
  const here = path.length === 0 ? "at the top of the file" : `in ${describeTable(path)}`;
  const owner = ownerOf(root, path, key);
  if (owner) {
    const place =
      owner.length === 0
        ? "to the top of the file, above the first [table]"
        : `up into ${describeTable(owner)}, above this table`;
    return `“${key}” has no effect ${here}: a key behind a header belongs to that table. Move it ${place}.`;
  }
  const near = nearestWord(key, knownKeysAt(root, path) ?? []);
  return `${near ? `“${key}” is unknown` : `“${key}” has no meaning`} ${here} and is ignored.${didYouMean(near)}`;
}

/** A table around this one that knows the key: there it was meant to be. */
export function ownerOf(root: TomlTable, path: readonly string[], key: string): readonly string[] | undefined {
  for (let length = path.length - 1; length >= 0; length--) {
    const outer = path.slice(0, length);
    if (knownKeysAt(root, outer)?.includes(key)) return outer;
  }
  return undefined;
}

export function didYouMean(word: string | undefined): string {
  return word === undefined ? "" : ` Did you mean “${word}”?`;
}

/** As its header is written: `[experts."key".skills."name"]`. */
export function describeTable(path: readonly string[]): string {
  const quoted = path.map((part, index) => (index % 2 === 1 && path[0] === "experts" ? `"${part}"` : part));
  return `[${quoted.join(".")}]`;
}

function skillKeys(type: ReturnType<typeof nodeAt>): string[] {
  const shape = type?.kind === "leaf" ? skills[String(type.value)] : undefined;
  const shapes = shape ? [shape] : Object.values(skills);
  return [...new Set(shapes.flatMap((each) => Object.keys(each.shape)))];
}
