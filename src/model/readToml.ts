/** Reads TOML as far as it can be read: keys written twice, parts that are broken, and all that stands around them. */
import { type AST, ParseError, parseTOML } from "toml-eslint-parser";
import type { Span } from "./textRange";
import { duplicateFault, openString, syntaxFault, type TomlFault } from "./tomlFault";
import { createTomlTree, emptyTable, type TomlNode, type TomlTable } from "./tomlTree";

/** A header as it stands in the text; `path` is empty where it cannot be read. */
export interface TomlHeader extends Span {
  path: string[];
}

export interface TomlReading {
  /** With places in the text as given. */
  root: TomlTable;
  faults: TomlFault[];
  /** In the order of the text. */
  headers: TomlHeader[];
  /** Parts, from a header to the next, that could not be read; each has a fault of code `syntax`. */
  unread: { span: Span; header: TomlHeader }[];
}

interface Mark {
  at: number;
  length: number;
}

type Reading = Pick<TomlReading, "root" | "faults" | "headers">;

/** Stands before the second one of two equal keys, so that the parser, which knows no repair, reads on. */
const duplicateMark = "runtrail-duplicate-";
const maxDuplicates = 50;

export function readToml(text: string): TomlReading {
  const clean = text.startsWith("\ufeff") ? ` ${text.slice(1)}` : text;
  const whole = parse(clean);
  if ("root" in whole) return { ...whole, unread: [] };
  const broken = findBroken(clean);
  const rest = parse(broken.reduce((left, { span }) => blank(left, span), clean));
  const isReadable = "root" in rest && broken.length > 0;
  const read: Reading = isReadable ? rest : { root: emptyTable({ start: 0, end: 0 }), faults: [], headers: [] };
  const parts = isReadable ? broken : partsOf(clean).map((span) => ({ span, fault: whole.fault }));
  const unread = parts.map(({ span }) => ({ span, header: headerAt(clean, span.start) }));
  const faults = isReadable ? broken.map(({ fault }) => fault) : [whole.fault];
  return {
    root: read.root,
    faults: [...faults, ...read.faults],
    headers: [...read.headers, ...unread.map(({ header }) => header)].sort((a, b) => a.start - b.start),
    unread,
  };
}

/** Parses all of the text, second keys left out and told; or says what is wrong first. */
function parse(text: string): Reading | { fault: TomlFault } {
  const marks: Mark[] = [];
  const faults: TomlFault[] = [];
  let current = text;
  while (true) {
    const parsed = parseOnce(current);
    if ("program" in parsed) {
      const root = createTomlTree(parsed.program, current);
      if (marks.length > 0) restore(root, marks);
      return { root, faults, headers: headersOf(parsed.program, marks) };
    }
    const index = originalOffset(parsed.error.index, marks);
    const key = isDuplicate(parsed.error) && marks.length < maxDuplicates ? keyTokenAt(text, index) : undefined;
    if (!key) return { fault: syntaxFault(text, parsed.error.message, index) };
    faults.push(duplicateFault(text, key));
    const mark = `${duplicateMark}${marks.length}-`;
    const at = parsed.error.index + (/["']/u.test(text.charAt(key.start)) ? 1 : 0);
    current = current.slice(0, at) + mark + current.slice(at);
    marks.push({ at, length: mark.length });
  }
}

function parseOnce(text: string): { program: AST.TOMLProgram } | { error: ParseError } {
  try {
    return { program: parseTOML(text) };
  } catch (error) {
    if (error instanceof ParseError) return { error };
    throw error;
  }
}

function headersOf(program: AST.TOMLProgram, marks: readonly Mark[]): TomlHeader[] {
  const withoutMark = (part: string) => part.replace(/^runtrail-duplicate-\d+-/u, "");
  return program.body[0].body.flatMap((statement) => {
    if (statement.type !== "TOMLTable") return [];
    const [start, end] = [statement.range[0], statement.key.range[1]].map((offset) => originalOffset(offset, marks));
    const path = statement.resolvedKey.map((part) => withoutMark(String(part)));
    return [{ start: start ?? 0, end: end ?? 0, path }];
  });
}

/** Takes the marks back out: the tree tells places of the text as it was, and no marked key. */
function restore(node: TomlNode, marks: readonly Mark[]): void {
  const shift = ({ start, end }: Span): Span => ({
    start: originalOffset(start, marks),
    end: originalOffset(end, marks),
  });
  node.span = shift(node.span);
  if (node.key) node.key = shift(node.key);
  if (node.kind === "leaf") return;
  if (node.kind === "table") {
    for (const key of node.entries.keys()) if (key.startsWith(duplicateMark)) node.entries.delete(key);
  }
  for (const child of node.kind === "table" ? node.entries.values() : node.items) restore(child, marks);
}

/** Undoes the marks, the last one first, since each was set in the text that held those before it. */
function originalOffset(offset: number, marks: readonly Mark[]): number {
  return marks.reduceRight((at, mark) => (at > mark.at ? Math.max(mark.at, at - mark.length) : at), offset);
}

/**
 * The parts that do not parse by themselves. A part whose string never ends is tried together with those behind it,
 * since a line that looks like a header may stand inside a string.
 */
function findBroken(text: string): { span: Span; fault: TomlFault }[] {
  const parts = partsOf(text);
  const broken: { span: Span; fault: TomlFault }[] = [];
  let part = 0;
  while (part < parts.length) {
    const last = lastOfGood(text, parts, part);
    const span = parts[part];
    if (last === undefined && span) {
      const own = parse(text.slice(span.start, span.end));
      if ("fault" in own) broken.push({ span, fault: moved(own.fault, span.start) });
    }
    part = (last ?? part) + 1;
  }
  return broken;
}

/** From one header of Perstack's tables to the next; what stands before the first is a part as well. */
function partsOf(text: string): Span[] {
  const starts = Array.from(text.matchAll(/^[ \t]*\[+[ \t]*["']?(?:experts?|provider)\b/gmu), ({ index }) => index);
  const bounds = [...new Set([0, ...starts])];
  return bounds.map((start, index) => ({ start, end: bounds[index + 1] ?? text.length }));
}

/** The last of the parts that, from the given one on, parse together; a key written twice does not count. */
function lastOfGood(text: string, parts: readonly Span[], first: number): number | undefined {
  const start = parts[first]?.start ?? 0;
  for (let last = first; last < Math.min(parts.length, first + 12); last++) {
    const parsed = parseOnce(text.slice(start, parts[last]?.end));
    if ("program" in parsed || isDuplicate(parsed.error)) return last;
    if (parsed.error.message !== openString) return undefined;
  }
  return undefined;
}

function headerAt(text: string, start: number): TomlHeader {
  const header =
    /[ \t]*\[+[ \t]*(?<table>\w+)(?:[ \t]*\.[ \t]*(?:"(?<basic>[^"\n]*)"|'(?<literal>[^'\n]*)'|(?<bare>[\w-]+)))?/uy;
  header.lastIndex = start;
  const groups = header.exec(text)?.groups;
  const path = [groups?.table, groups?.basic ?? groups?.literal ?? groups?.bare];
  return { start, end: header.lastIndex || start, path: path.filter((part) => part !== undefined) };
}

function moved({ span, ...fault }: TomlFault, by: number): TomlFault {
  return { ...fault, span: { start: span.start + by, end: span.end + by } };
}

function blank(text: string, { start, end }: Span): string {
  return (
    text.slice(0, start) +
    text.slice(start, end).replace(/[^\r\n]/gu, (unit) => " ".repeat(unit.length)) +
    text.slice(end)
  );
}

function isDuplicate(error: ParseError): boolean {
  return error.message === "Defining a key multiple times is invalid";
}

function keyTokenAt(text: string, index: number): Span | undefined {
  const token = /[A-Za-z0-9_-]+|"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'/uy;
  token.lastIndex = index;
  const match = token.exec(text);
  return match ? { start: index, end: index + match[0].length } : undefined;
}
