/** Checks a part of a definition against its zod shape and says what is wrong at the very key or value. */
import type * as z from "zod";
import { didYouMean, unknownKeyMessage } from "./definitionKeys";
import { nearestWord } from "./nearestWord";
import type { Span } from "./textRange";
import { nodeAt, type TomlNode, type TomlTable, toPlain } from "./tomlTree";

/** A problem before its place is a line and a column. */
export interface Finding {
  severity: "error" | "warning";
  code: string;
  message: string;
  span: Span;
}

export interface ShapeCheck<T> {
  /** Absent where an error makes it unusable. Unknown keys are left out. */
  value?: T;
  findings: Finding[];
}

/** @param path where in the document the part stands; `without` are its keys that are checked elsewhere. */
export function checkShape<T>(
  schema: z.ZodType<T>,
  root: TomlTable,
  path: readonly string[],
  without: readonly string[] = [],
): ShapeCheck<T> {
  const node = nodeAt(root, path);
  const plain: unknown = node && toPlain(node);
  if (isRecord(plain)) for (const key of without) delete plain[key];
  const first = schema.safeParse(plain);
  if (first.success) return { value: first.data, findings: [] };
  const issues = first.error.issues;
  const findings = dropRepeated(issues.flatMap((issue) => findingsOf(issue, root, path)));
  if (issues.some(({ code }) => code !== "unrecognized_keys")) return { findings };
  for (const issue of issues) if (issue.code === "unrecognized_keys") removeKeys(plain, issue.path, issue.keys);
  const second = schema.safeParse(plain);
  return second.success ? { value: second.data, findings } : { findings };
}

function findingsOf(issue: z.core.$ZodIssue, root: TomlTable, base: readonly string[]): Finding[] {
  const path = [...base, ...issue.path.map(String)];
  const node = nodeAt(root, path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      severity: "warning",
      code: "unknown-key",
      message: unknownKeyMessage(root, path, key),
      span: keySpan(nodeAt(root, [...path, key])) ?? placeOf(root, path),
    }));
  }
  if (issue.code === "invalid_union" && issue.discriminator !== undefined)
    return [discriminatorFinding(issue.discriminator, root, path)];
  if (!node) return [missingKey(root, path)];
  return [valueFinding(issue, node, path)];
}

function valueFinding(issue: z.core.$ZodIssue, node: TomlNode, path: readonly string[]): Finding {
  const name = nameOf(path);
  const error = (code: string, message: string, span = node.span): Finding => ({
    severity: "error",
    code,
    message,
    span,
  });
  switch (issue.code) {
    case "invalid_type":
      return error("wrong-type", `${name} must be ${expectedText(issue.expected)}, not ${describeNode(node)}.`);
    case "invalid_value":
      return choiceFinding(node, name, issue.values.map(String));
    case "invalid_union":
      return unionFinding(issue, node, name);
    case "too_big":
      return issue.origin === "string"
        ? tooLong(node, name, Number(issue.maximum))
        : error("invalid-value", `${name} is too large.`);
    case "too_small":
      return issue.origin === "string"
        ? error("invalid-value", `${name} is empty: write at least one word.`)
        : error("invalid-value", `${name} must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}.`);
    default:
      return error("invalid-value", `${name}: ${issue.message}.`);
  }
}

function choiceFinding(node: TomlNode, name: string, values: readonly string[]): Finding {
  const choices = `one of ${values.map((value) => `"${value}"`).join(", ")}`;
  if (node.kind !== "leaf" || typeof node.value !== "string") {
    const message = `${name} must be ${choices}, not ${describeNode(node)}.`;
    return { severity: "error", code: "wrong-type", message, span: node.span };
  }
  const near = didYouMean(nearestWord(node.value, values));
  const message = `${name} must be ${choices}; “${short(node.value)}” is none of them.${near}`;
  return { severity: "error", code: "invalid-value", message, span: node.span };
}

/** A skill whose `type` is missing or unknown. */
function discriminatorFinding(discriminator: string, root: TomlTable, path: readonly string[]): Finding {
  const at = path.at(-1) === discriminator ? path : [...path, discriminator];
  const node = nodeAt(root, at);
  return node ? choiceFinding(node, nameOf(at), skillTypes) : missingKey(root, at);
}

const skillTypes = ["mcpStdioSkill", "mcpSseSkill", "interactiveSkill"];

function missingKey(root: TomlTable, path: readonly string[]): Finding {
  const key = path.at(-1) ?? "";
  const hint: Record<string, string> = {
    instruction: ": it tells the expert what it is and how to work",
    type: `: one of ${skillTypes.map((type) => `"${type}"`).join(", ")}`,
    command: ": the program that starts the MCP server",
    endpoint: ": the address of the MCP server",
    inputJsonSchema: ": the JSON schema of its arguments, as text",
    providerName: ': which provider answers, such as "anthropic"',
  };
  const message = `The key “${key}” is missing${hint[key] ?? ""}.`;
  return { severity: "error", code: "missing-key", message, span: placeOf(root, path.slice(0, -1)) };
}

function tooLong(node: TomlNode, name: string, maximum: number): Finding {
  const length = node.kind === "leaf" ? String(node.value).length : 0;
  const message = `${name} is ${count(length)} characters long; at most ${count(maximum)} are allowed.`;
  return { severity: "error", code: "too-long", message, span: keySpan(node) ?? node.span };
}

/** The key that names a thing, else the nearest one around it. */
export function placeOf(root: TomlTable, path: readonly string[]): Span {
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(root, path.slice(0, length));
    if (node) return keySpan(node) ?? node.span;
  }
  return { start: 0, end: 0 };
}

export function keySpan(node: TomlNode | undefined): Span | undefined {
  return node?.key ?? node?.span;
}

function nameOf(path: readonly string[]): string {
  const last = path.at(-1) ?? "";
  const isIndex = /^\d+$/u.test(last) && path.length > 1;
  return isIndex ? `Entry ${Number(last) + 1} of “${path.at(-2)}”` : `“${last}”`;
}

function expectedText(expected: string): string {
  switch (expected) {
    case "string":
      return "text in quotes";
    case "number":
    case "int":
      return "a whole number";
    case "boolean":
      return "true or false";
    case "array":
      return 'a list, as in ["a", "b"]';
    case "object":
    case "record":
      return "a table";
    default:
      return expected;
  }
}

/** The one union of values: the reasoning budget. */
function unionFinding(issue: z.core.$ZodIssueInvalidUnion, node: TomlNode, name: string): Finding {
  const firsts = issue.errors.flatMap(([first]) => (first ? [first] : []));
  const words = firsts.flatMap((first) => (first.code === "invalid_value" ? first.values.map(String) : []));
  const others = firsts.flatMap((first) => (first.code === "invalid_type" ? [expectedText(first.expected)] : []));
  const choices = [words.map((word) => `"${word}"`).join(", "), ...others].join(" or ");
  const near = node.kind === "leaf" && typeof node.value === "string" ? nearestWord(node.value, words) : undefined;
  const message = `${name} must be ${choices}, not ${describeNode(node)}.${didYouMean(near)}`;
  return { severity: "error", code: "wrong-type", message, span: node.span };
}

function describeNode(node: TomlNode): string {
  if (node.kind !== "leaf") return node.kind === "array" ? "a list" : "a table";
  if (node.value instanceof Date) return "a date";
  if (typeof node.value === "string") return `the text “${short(node.value)}”`;
  return String(node.value);
}

function short(text: string): string {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** One value needs one message, the first; keys that are missing may share the place that says so. */
function dropRepeated(findings: Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ span, code, message }) => {
    const place = `${span.start}-${span.end} ${code === "missing-key" ? message : ""}`;
    return !seen.has(place) && seen.add(place);
  });
}

function removeKeys(value: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  let target = value;
  for (const part of path) target = isRecord(target) ? target[String(part)] : undefined;
  if (isRecord(target)) for (const key of keys) delete target[key];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
