/**
 * What the bytes of a line must hold for its event to fit a query: patterns for text read as Latin-1, one character a byte.
 * They may let through what does not fit, which is parsed and looked at, but keep out nothing that fits, whoever wrote it.
 */
import { type EventQuery, isNumberLike, type SearchedStatus, termsOf } from "../model/eventQuery";
import { type BytePattern, longestPattern } from "./byteFinder";

export interface RawCondition {
  /** Global. */
  pattern: RegExp;
  /** Where it is of a few texts alone: the same, to be found faster. */
  literals?: readonly BytePattern[] | undefined;
}

/**
 * Escapes of what is written as it stands by every writer that we know. Where one is, anything may be: the line is looked
 * at.
 */
const oddEscape = String.raw`\\u00[2-7]`;

/** Each is a condition of its own; none: every line has to be looked at. */
export function rawConditions(query: EventQuery): RawCondition[] {
  const { types, experts, tools, status } = query;
  const { words, isCaseSensitive } = termsOf(query);
  const conditions: RawCondition[] = [];
  const add = (source: string | undefined, literals?: readonly BytePattern[]) => {
    if (source !== undefined) conditions.push({ pattern: new RegExp(`${source}|${oddEscape}`, "g"), literals });
  };
  for (const word of words) {
    const piece = plainPieceOf(word);
    if (piece === undefined) add(isWritable(word) ? sourceOfExact(word, isCaseSensitive) : undefined);
    else if (isNumberLike(word)) {
      add(`${sourceOfExact(word, isCaseSensitive)}|${oddNumber}`, [literalOf(word, isCaseSensitive), ...oddNumbers]);
    } else add(sourceOfExact(piece, isCaseSensitive), [literalOf(piece, isCaseSensitive)]);
  }
  // An event of a type that we have no word for has its own name there.
  if (types && !types.includes("foreignEvent")) {
    const isFew = types.length <= fewLiterals;
    add(`"${oneOf(types)}"`, isFew ? types.map((type) => literalOf(`"${type}"`, true)) : undefined);
  }
  if (status !== undefined) add(sourceOfStatus(status));
  if (tools) add(String.raw`"tool"\s*:\s*"${oneOf(tools.map((tool) => sourceOfExact(tool)))}"`);
  if (experts) {
    add(String.raw`"expertKey"\s*:\s*"${oneOf(experts.map((expert) => sourceOfExact(expert)))}["@]`);
  }
  if (query.minCost !== undefined || query.maxCost !== undefined) add(`"cost"`);
  if (query.minDurationMs !== undefined || query.maxDurationMs !== undefined) add(`"durationMs"`);
  return conditions;
}

/** Each is sought on its own: of more of them a pattern finds all as fast. */
const fewLiterals = 4;

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

/** The longest piece that no writer escapes, but for the odd one, stands for the word. None where it is too short. */
function plainPieceOf(word: string): string | undefined {
  if (!isWritable(word)) return undefined;
  const pieces = word.match(/[ !#-.0-[\]-~]+/gu) ?? [];
  const longest = pieces.reduce((best, piece) => (piece.length > best.length ? piece : best), "");
  return longest.length >= 3 || longest === word ? longest.slice(0, longestPattern) : undefined;
}

function literalOf(piece: string, isCaseSensitive: boolean): BytePattern {
  const masks = Array.from(piece, (char) => (!isCaseSensitive && /[a-z]/iu.test(char) ? 0x20 : 0));
  return { bytes: masks.map((mask, index) => piece.charCodeAt(index) | mask), masks };
}

/**
 * Numbers that `JSON.stringify` writes in another way than they stand there: with an exponent, with more digits than a
 * number keeps, or very small.
 */
const oddNumber = String.raw`[:,[\s]-?(?:\d[\d.]*[eE]|[\d.]{16}|0\.000000)`;

/** The same for the finder of bytes; a digit or point lies between 0x2e and 0x39. */
const oddNumbers: readonly BytePattern[] = [
  { bytes: [0x2e, 0x65], masks: [0, 0x20], spans: [11, 0], isInNumber: true },
  { ...{ bytes: repeat(0x2e), masks: repeat(0), spans: repeat(11) }, isInNumber: true, isRun: true },
  { ...literalOf("0.000000", true), isInNumber: true },
];

function repeat(value: number): number[] {
  return Array.from({ length: 16 }, () => value);
}

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
