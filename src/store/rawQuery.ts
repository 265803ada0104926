/**
 * What the bytes of a line must hold for its event to fit a query: patterns for text read as Latin-1, one character a byte.
 * They may let through what does not fit, which is parsed and looked at, but keep out nothing that fits, whoever wrote it.
 */
import { type EventQuery, type SearchedStatus, termsOf } from "../model/eventQuery";

/**
 * Escapes of what is written as it stands by every writer that we know. Where one is, anything may be: the line is looked
 * at.
 */
const oddEscape = String.raw`\\u00[2-7]`;

/** Each is a condition of its own; none: every line has to be looked at. */
export function rawConditions(query: EventQuery): RegExp[] {
  const { types, experts, tools, status } = query;
  const { words, isCaseSensitive } = termsOf(query);
  const sources = words.map((word) => sourceOfWord(word, isCaseSensitive));
  // An event of a type that we have no word for has its own name there.
  if (types && !types.includes("foreignEvent")) sources.push(`"${oneOf(types)}"`);
  if (status !== undefined) sources.push(sourceOfStatus(status));
  if (tools) sources.push(String.raw`"tool"\s*:\s*"${oneOf(tools.map((tool) => sourceOfExact(tool)))}"`);
  if (experts)
    sources.push(String.raw`"expertKey"\s*:\s*"${oneOf(experts.map((expert) => sourceOfExact(expert)))}["@]`);
  if (query.minCost !== undefined || query.maxCost !== undefined) sources.push(`"cost"`);
  if (query.minDurationMs !== undefined || query.maxDurationMs !== undefined) sources.push(`"durationMs"`);
  return sources.flatMap((source) => (source === undefined ? [] : [new RegExp(`${source}|${oddEscape}`, "g")]));
}

function oneOf(sources: readonly string[]): string {
  return `(?:${sources.join("|")})`;
}

function sourceOfStatus(status: SearchedStatus): string | undefined {
  const isError = String.raw`"isError"\s*:\s*t`;
  switch (status) {
    case "fatal":
      return `"errorRun"`;
    case "blocked":
      return `"(?:stopRun|failNode|failGate|blockedBy)"|${isError}`;
    case "recovered":
      return `"retryGeneration"|${isError}`;
    case "failed":
      return `"(?:errorRun|retryGeneration|stopRun|failNode|failGate|blockedBy|error)"|${isError}`;
    case "ok":
      return undefined;
  }
}

/** Where the longest piece of plain letters is long enough it stands for the word. */
function sourceOfWord(word: string, isCaseSensitive: boolean): string | undefined {
  if (!isWritable(word)) return undefined;
  if (/^[-+.\de]+$/iu.test(word)) return `${sourceOfExact(word, isCaseSensitive)}|${oddNumber}`;
  // What is plain here is never escaped, but for the odd writer.
  const pieces = word.match(/[ !#-.0-[\]-~]+/gu) ?? [];
  const longest = pieces.reduce((best, piece) => (piece.length > best.length ? piece : best), "");
  return sourceOfExact(longest.length >= 3 ? longest : word, isCaseSensitive);
}

/**
 * Numbers that `JSON.stringify` writes in another way than they stand there: with an exponent, with more digits than a
 * number keeps, or very small.
 */
const oddNumber = String.raw`[:,[\s]-?(?:\d[\d.]*[eE]|[\d.]{16}|0\.000000)`;

/** Bytes that are no UTF-8 are read as U+FFFD, and half a character may be found in a whole one. */
function isWritable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u{fffd}");
}

function sourceOfExact(text: string, isCaseSensitive = true): string {
  return Array.from(text, (char) => sourceOfChar(char, isCaseSensitive)).join("");
}

function sourceOfChar(char: string, isCaseSensitive: boolean): string {
  const variants = isCaseSensitive ? [char] : variantsOf(char);
  if (/^[ !#-.0-[\]-~]$/u.test(char)) return variants.length > 1 ? `[${variants.join("")}]` : byteSource(char);
  return oneOf(variants.flatMap((each) => [byteSource(each), escapeSource(each), ...shortEscapesOf(each)]));
}

/** All letters that are the same without case, as `eventMatcher` has it. */
function variantsOf(char: string): string[] {
  if (/^[a-z]$/iu.test(char)) return [char.toLowerCase(), char.toUpperCase()];
  if (char.charCodeAt(0) < 0x80 || char.length > 1) return [char];
  const pattern = new RegExp(char, "i");
  const units = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit));
  return units.filter((unit) => pattern.test(unit) && unit.isWellFormed());
}

function byteSource(char: string): string {
  return Array.from(Buffer.from(char, "utf8"), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

/** Hex digits of either case. */
function escapeSource(char: string): string {
  return Array.from({ length: char.length }, (_, at) => {
    const digits = char.charCodeAt(at).toString(16).padStart(4, "0");
    return String.raw`\\u${digits.replace(/[a-f]/gu, (digit) => `[${digit}${digit.toUpperCase()}]`)}`;
  }).join("");
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": String.raw`\\`,
  "/": String.raw`\/`,
  "\b": "b",
  "\f": "f",
  "\n": "n",
  "\r": "r",
  "\t": "t",
};

function shortEscapesOf(char: string): string[] {
  const letter = shortEscapes[char];
  return letter === undefined ? [] : [String.raw`\\${letter}`];
}

/** Lines as we write them begin so; what another key of the same name says later would count. */
const head =
  /^\{"id":"[^"\\]*","timestamp":(\d+),"jobId":"[^"\\]*","runId":"[^"\\]*","seq":\d+,"expertKey":"[^"\\]*","step":(\d+),/;
const again = new RegExp(`"(?:timestamp|step)"|${oddEscape}`);

/** Whether time and step are wrong for sure; `undefined` where the query has none of them. */
export function headCondition(query: EventQuery): ((line: string) => boolean) | undefined {
  const { after = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY, steps } = query;
  if (query.after === undefined && query.before === undefined && !steps) return undefined;
  return (line) => {
    const match = head.exec(line);
    if (!match) return true;
    const [whole, time, step] = match;
    const [timestamp, at] = [Number(time), Number(step)];
    const isFit =
      timestamp >= after &&
      timestamp < before &&
      (!steps || steps.some(({ from, to }) => at >= from && (to === undefined || at <= to)));
    return isFit || again.test(line.slice(whole.length));
  };
}
