/** The keys that events, checkpoints and their parts have in the samples of Perstack. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "../support/projectPaths";

const fixtures = join(projectRoot, "..", "shared", "fixtures", "perstack");
export const areSamplesThere = existsSync(fixtures);

/** What their schemas allow and their events leave out. */
export const ours = new Set(["checkpoint error", "error statusCode", "result isError"]);

/** Checkpoints, steps and results are of one shape wherever they stand. */
const shapes: readonly [RegExp, string][] = [
  [/checkpoint$/iu, "checkpoint"],
  [/toolResults?$/iu, "result"],
  [/toolCalls?$/iu, "call"],
  [/messages?$/iu, "message"],
];

export function addKeys(all: Map<string, Set<string>>, event: object): void {
  const name = "type" in event ? String(event.type) : "";
  const add = (place: string, value: object) => {
    const keys = all.get(place) ?? new Set();
    all.set(place, keys);
    for (const key of Object.keys(value)) keys.add(key);
  };
  add(name, event);
  for (const [key, value] of Object.entries(event)) {
    const place = shapes.find(([pattern]) => pattern.test(key))?.[1] ?? key;
    for (const each of [value].flat()) if (typeof each === "object" && each !== null) add(place, each);
  }
}

export async function keysOfSamples(): Promise<Map<string, Set<string>>> {
  const keys = new Map<string, Set<string>>();
  const names = await readdir(fixtures, { recursive: true });
  for (const name of names.filter((each) => each.endsWith("stdout.jsonl"))) {
    const lines = (await readFile(join(fixtures, name), "utf8")).split("\n").filter((line) => line !== "");
    for (const line of lines) addKeys(keys, JSON.parse(line));
  }
  return keys;
}
