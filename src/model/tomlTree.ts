/** A TOML document as a tree of values that know their places: of the key as written, of the value, of a table's header. */
import type { AST } from "toml-eslint-parser";
import type { Span } from "./textRange";

export interface TomlTable {
  kind: "table";
  entries: Map<string, TomlNode>;
  /** Of the last segment that names it; absent at the top and for elements of arrays. */
  key?: Span;
  /** `[a.b]` with its brackets: its own, else the first one that runs through it, else what stands for the value. */
  span: Span;
  /** Whether `span` is its own header, not the one of a table inside it. */
  hasHeader: boolean;
}
export interface TomlArray {
  kind: "array";
  items: TomlNode[];
  key?: Span;
  span: Span;
}
export interface TomlLeaf {
  kind: "leaf";
  value: string | number | boolean | Date;
  key?: Span;
  span: Span;
}
export type TomlNode = TomlTable | TomlArray | TomlLeaf;

/** @param text what `program` was parsed from, for the ends of headers. */
export function createTomlTree(program: AST.TOMLProgram, text: string): TomlTable {
  const root = emptyTable({ start: 0, end: 0 });
  for (const statement of program.body[0].body) {
    if (statement.type === "TOMLKeyValue") addKeyValue(root, statement);
    else addTable(root, statement, text);
  }
  return root;
}

export function emptyTable(span: Span, key?: Span): TomlTable {
  return { kind: "table", entries: new Map(), span, hasHeader: false, ...(key && { key }) };
}

/** The plain value; tables become objects in which no key, `__proto__` neither, has a meaning of its own. */
export function toPlain(node: TomlNode): unknown {
  switch (node.kind) {
    case "leaf":
      return node.value;
    case "array":
      return node.items.map(toPlain);
    case "table":
      return Object.fromEntries(Array.from(node.entries, ([key, entry]) => [key, toPlain(entry)]));
  }
}

/** `undefined` where there is nothing. */
export function nodeAt(root: TomlNode, path: readonly PropertyKey[]): TomlNode | undefined {
  let node: TomlNode | undefined = root;
  for (const part of path) {
    if (node?.kind === "table") node = node.entries.get(String(part));
    else if (node?.kind === "array") node = node.items[Number(part)];
    else return undefined;
  }
  return node;
}

/** The strings of an array, with their places; anything else in it is left out. */
export function stringsOf(node: TomlNode | undefined): { text: string; span: Span }[] {
  if (node?.kind !== "array") return [];
  return node.items.flatMap((item) =>
    item.kind === "leaf" && typeof item.value === "string" ? [{ text: item.value, span: item.span }] : [],
  );
}

export function tableAt(root: TomlNode, ...path: string[]): TomlTable | undefined {
  const node = nodeAt(root, path);
  return node?.kind === "table" ? node : undefined;
}

function addTable(root: TomlTable, statement: AST.TOMLTable, text: string): void {
  const [start] = statement.range;
  const close = text.indexOf("]", statement.key.range[1]);
  const brackets = statement.kind === "array" ? 2 : 1;
  const header = { start, end: close < 0 ? statement.key.range[1] : close + brackets };
  let table = root;
  statement.key.keys.forEach((segment, index) => {
    const isLast = index === statement.key.keys.length - 1;
    const isElement = isLast && statement.kind === "array";
    table = stepInto(table, nameOf(segment), spanOf(segment), header, isElement);
    if (isLast) Object.assign(table, { span: header, hasHeader: true });
    if (isLast && !isElement) table.key = spanOf(segment);
  });
  for (const entry of statement.body) addKeyValue(table, entry);
}

function addKeyValue(table: TomlTable, { key, value }: AST.TOMLKeyValue): void {
  const last = key.keys.at(-1);
  if (!last) return;
  let target = table;
  for (const segment of key.keys.slice(0, -1)) {
    target = stepInto(target, nameOf(segment), spanOf(segment), spanOf(segment), false);
  }
  target.entries.set(nameOf(last), { ...toNode(value), key: spanOf(last) });
}

/** The table of that name, made where it is missing; of an array of tables the last, or a new one. */
function stepInto(table: TomlTable, name: string, key: Span, span: Span, isElement: boolean): TomlTable {
  const existing = table.entries.get(name);
  if (existing?.kind === "table") return existing;
  if (existing?.kind === "array") {
    const last = existing.items.at(-1);
    if (last?.kind === "table" && !isElement) return last;
  }
  const made = emptyTable(span, isElement ? undefined : key);
  if (!isElement) table.entries.set(name, made);
  else if (existing?.kind === "array") existing.items.push(made);
  else table.entries.set(name, { kind: "array", items: [made], key, span });
  return made;
}

function toNode(value: AST.TOMLContentNode): TomlNode {
  const span = spanOf(value);
  switch (value.type) {
    case "TOMLValue":
      return { kind: "leaf", value: value.value, span };
    case "TOMLArray":
      return { kind: "array", items: value.elements.map(toNode), span };
    case "TOMLInlineTable": {
      const table = emptyTable(span);
      for (const entry of value.body) addKeyValue(table, entry);
      return table;
    }
  }
}

function nameOf(segment: AST.TOMLBare | AST.TOMLQuoted): string {
  return segment.type === "TOMLBare" ? segment.name : segment.value;
}

function spanOf({ range: [start, end] }: { range: [number, number] }): Span {
  return { start, end };
}
