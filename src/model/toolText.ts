/** A tool call in a few words: the tool and what it is about. */
import { parseJson } from "../base/lines";
import type { ResultPart } from "./message";
import { oneLine } from "./plainText";

/** "exec npm test", "readTextFile src/sum.mjs", "moveFile a → b", "todo completedTodos: 0, 1". */
export function describeToolCall(tool: string, args: unknown, limit = 120): string {
  const about = describeArgs(args);
  return oneLine(about ? `${tool} ${about}` : tool, limit);
}

function describeArgs(args: unknown): string {
  if (args === undefined || args === null) return "";
  if (!isRecord(args)) return typeof args === "string" ? args : compactJson(args);
  const { command, path, source, destination, query } = args;
  if (typeof command === "string") return [command, ...stringsOf(args.args).map(quoted)].join(" ");
  if (typeof path === "string") return path;
  if (typeof source === "string" && typeof destination === "string") return `${source} → ${destination}`;
  if (typeof query === "string") return query;
  return Object.entries(args)
    .map(([name, value]) => `${name}: ${inWords(value)}`)
    .join(" · ");
}

function inWords(value: unknown): string {
  return Array.isArray(value) ? stringsOf(value).join(", ") : typeof value === "string" ? value : compactJson(value);
}

/** What a tool's result says in a few words: the message of a JSON error, else the text. */
export function briefResult(parts: readonly ResultPart[]): string {
  const text = parts.map((part) => (part.type === "textPart" ? part.text : `[${part.mimeType}]`)).join(" ");
  const parsed = text.trimStart().startsWith("{") ? parseJson(text) : undefined;
  if (!isRecord(parsed)) return text;
  const { message, error } = parsed;
  return [message, error].find((each) => typeof each === "string" && each.trim() !== "")?.toString() ?? text;
}

/** The path that the arguments name, if any: as the model wrote it. */
export function pathOfArgs(args: unknown): string | undefined {
  if (!isRecord(args)) return undefined;
  const path = args.path ?? args.destination;
  return typeof path === "string" && path !== "" ? path : undefined;
}

/** JSON on one line; a value that cannot be written (too deep) says so. */
export function compactJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "[cannot be shown]";
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((each) => (typeof each === "string" ? each : compactJson(each))) : [];
}

function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/u.test(arg) ? arg : `'${arg}'`;
}
