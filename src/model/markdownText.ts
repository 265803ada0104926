/** Pieces of Markdown from data that is not ours: fences that cannot be broken out of, fields, tables. */
import { parseJson } from "../base/lines";
import { formatBytes } from "./formatting";
import type { ResultPart } from "./message";
import { escapeControls, oneLine } from "./plainText";
import { compactJson, isRecord } from "./toolText";
import type { Usage } from "./usage";

/** A value longer than this gets a block of its own. */
const shortLength = 100;

/** The text in a fence longer than any run of backticks in it; control characters made visible. */
export function fence(text: string, language = "text"): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/gu)].map(([ticks]) => ticks.length));
  const marks = "`".repeat(longest + 1);
  const lines = text
    .replace(/\s+$/u, "")
    .split(/\r\n|\r|\n/u)
    .map((line) => escapeControls(line.replaceAll("\t", "  ")));
  return [`${marks}${language}`, ...lines, marks].join("\n");
}

export function inlineCode(text: string): string {
  const line = oneLine(text, 300).replaceAll("`", "ʼ");
  return `\`${line}\``;
}

/** Lines of `- name: value`, those without a value left out. */
export function factsTable(facts: readonly (readonly [name: string, value: string])[]): string {
  return facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `- ${name}: ${oneLine(value, 400)}`)
    .join("\n");
}

export function usageTable(usage: Usage): string {
  const rows: [string, number | undefined][] = [
    ["Input", usage.inputTokens],
    ["of that from cache", usage.cachedInputTokens],
    ["of that to cache", usage.cacheWriteTokens],
    ["Output", usage.outputTokens],
    ["of that reasoning", usage.reasoningTokens],
    ["Total", usage.totalTokens],
  ];
  const lines = rows.flatMap(([name, count]) =>
    count === undefined ? [] : [`| ${name.padEnd(18)} | ${count.toLocaleString("en-US").padStart(11)} |`],
  );
  return ["| Tokens             |       Count |", "| :----------------- | ----------: |", ...lines].join("\n");
}

/** Fields of a record: the short ones as a list, then the long ones as blocks; anything else as it reads best. */
export function valueText(value: unknown): string {
  const opened = openJson(value);
  if (opened === undefined || opened === null) return "None.";
  if (typeof opened === "string") return opened === "" ? "Empty." : fence(opened);
  if (!isRecord(opened)) return fence(prettyJson(opened), "json");
  const entries = Object.entries(opened);
  if (entries.length === 0) return "None.";
  const short = entries.flatMap(([key, each]) => shortField(key, each) ?? []);
  const long = entries.filter(([key, each]) => shortField(key, each) === undefined);
  const list = short.length === 0 ? [] : [short.join("\n")];
  return [...list, ...long.map(([key, each]) => longField(key, each))].join("\n\n");
}

export function partsText(parts: readonly ResultPart[]): string {
  if (parts.length === 0) return "Empty.";
  return parts
    .map((part) =>
      part.type === "textPart"
        ? valueText(part.text)
        : `[${part.mimeType}, ${formatBytes((part.encodedData.length * 3) / 4)}]`,
    )
    .join("\n\n");
}

/** `undefined` where the value needs a block of its own. */
function shortField(key: string, value: unknown): string | undefined {
  const text = typeof value === "string" ? value : compactJson(value);
  if (text.length > shortLength || /[\r\n`]/u.test(text)) return undefined;
  return `- ${oneLine(key, 80)}: ${text === "" ? "(empty)" : inlineCode(text)}`;
}

function longField(key: string, value: unknown): string {
  const block = typeof value === "string" ? fence(value) : fence(prettyJson(value), "json");
  return `${oneLine(key, 80)}:\n\n${block}`;
}

/** Text that is a JSON object or array is read as one: tools answer in JSON. */
function openJson(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/u.test(value)) return value;
  const parsed = parseJson(value);
  return typeof parsed === "object" && parsed !== null ? parsed : value;
}

function prettyJson(value: unknown): string {
  try {
    return JSON.stringify(value, undefined, 2) ?? "";
  } catch {
    return "[cannot be shown]";
  }
}
