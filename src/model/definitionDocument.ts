/** `perstack.toml` as a document: what it says, every problem at its exact place, and the experts that can be run. */
import type * as z from "zod";
import { Definition, type DefinitionDocument, type DefinitionProblem, Expert, type ExpertEntry } from "./definition";
import { checkExpert, checkTop, type KnownEnv } from "./definitionChecks";
import { checkShape, type Finding, placeOf } from "./definitionShape";
import { readToml, type TomlReading } from "./readToml";
import { createRangeOf, type RangeOf } from "./textRange";
import type { TomlFault } from "./tomlFault";
import { emptyTable, nodeAt, stringsOf, type TomlTable, tableAt } from "./tomlTree";

export interface ParseOptions {
  /** The environment experts will see, `.env` files included: names in `requiredEnv` are checked against it. */
  env?: KnownEnv;
}

const Top = Definition.omit({ experts: true });

/**
 * Never throws. With a syntax error there is no `definition`, but the experts that can still be told apart are listed;
 * problems of one expert leave the others usable.
 */
export function parseDefinition(path: string, text: string, options: ParseOptions = {}): DefinitionDocument {
  const rangeOf = createRangeOf(text);
  const reading = readToml(text);
  const unreadKeys = listUnread(reading);
  const { root } = reading;
  const keys = [...(tableAt(root, "experts")?.entries.keys() ?? [])];
  const top = checkShape(Top, root, [], ["experts"]);
  const general = [...checkExpertsTable(root), ...top.findings, ...checkTop(root)].filter(
    // What is missing may stand in a part that could not be read.
    ({ code }) => reading.unread.length === 0 || code !== "missing-key",
  );
  const faults = reading.faults.map((fault) => ({ ...fault, expertKey: ownerOf(reading, fault) }));
  const experts = keys.map((key) =>
    inspectExpert(root, key, {
      findings: faults.filter(({ expertKey }) => expertKey === key).map(toFinding),
      isUnread: unreadKeys.has(key),
      env: options.env,
      rangeOf,
    }),
  );
  experts.sort((a, b) => a.range.start - b.range.start);
  const unowned = faults.filter(({ expertKey }) => expertKey === undefined || !keys.includes(expertKey));
  const problems = [...unowned.map(toFinding), ...general].map((finding) => toProblem(finding, rangeOf));
  for (const expert of experts) problems.push(...expert.problems);
  problems.sort(byPlace);
  if (reading.faults.some(({ code }) => code === "syntax")) return { path, experts, problems };
  return { path, definition: { ...trustedTop(root, top.value), ...usableExperts(root, experts) }, experts, problems };
}

/** Gives the experts whose part could not be read a place in the tree; their keys. */
function listUnread({ root, unread }: TomlReading): Set<string> {
  const keys = new Set<string>();
  for (const { header } of unread) {
    const [table, key] = header.path;
    if (table !== "experts" || key === undefined) continue;
    keys.add(key);
    const experts = tableAt(root, "experts") ?? emptyTable(header);
    root.entries.set("experts", experts);
    if (!experts.entries.has(key)) experts.entries.set(key, emptyTable(header));
  }
  return keys;
}

/** The expert in whose part of the text a fault lies. */
function ownerOf({ headers }: TomlReading, { span }: TomlFault): string | undefined {
  const [table, key] = headers.findLast(({ start }) => start <= span.start)?.path ?? [];
  return table === "experts" ? key : undefined;
}

interface Inspection {
  /** Found already. */
  findings: Finding[];
  isUnread: boolean;
  env: KnownEnv;
  rangeOf: RangeOf;
}

function inspectExpert(root: TomlTable, key: string, inspection: Inspection): ExpertEntry {
  const { isUnread, env, rangeOf } = inspection;
  const path = ["experts", key];
  const shape = isUnread ? { findings: [] } : checkShape(Expert, root, path);
  const findings = [...inspection.findings, ...shape.findings, ...checkExpert(root, key, env)];
  const node = nodeAt(root, path);
  const skills = tableAt(root, ...path, "skills");
  return {
    key,
    ...("value" in shape && shape.value && { expert: shape.value }),
    problems: findings.map((finding) => toProblem(finding, rangeOf, key)).sort(byPlace),
    // A header stands before the key in it, an inline table behind its key.
    range: rangeOf(node?.key && node.span.start < node.key.start ? node.span : placeOf(root, path)),
    skills: Array.from(skills?.entries ?? [], ([name, skill]) => ({ name, range: rangeOf(skill.key ?? skill.span) })),
    delegates: stringsOf(nodeAt(root, [...path, "delegates"])).map((entry) => ({
      key: entry.text,
      range: rangeOf(entry.span),
    })),
  };
}

function checkExpertsTable(root: TomlTable): Finding[] {
  const experts = root.entries.get("experts");
  if (!experts || experts.kind === "table") return [];
  const message = '“experts” must hold tables: write a header such as [experts."my-expert"] for each expert.';
  return [{ severity: "error", code: "wrong-type", message, span: experts.key ?? experts.span }];
}

/** The top of the file; where a part of it is wrong, without that part. */
function trustedTop(root: TomlTable, value: z.infer<typeof Top> | undefined): Definition {
  if (value) return value;
  const good = Object.entries(Top.shape).flatMap(([key, schema]) => {
    const parsed = root.entries.has(key) ? checkShape<unknown>(schema, root, [key]) : undefined;
    return parsed?.value === undefined ? [] : [[key, parsed.value]];
  });
  return Top.parse(Object.fromEntries(good));
}

function usableExperts(root: TomlTable, entries: readonly ExpertEntry[]): Pick<Definition, "experts"> {
  if (!root.entries.has("experts")) return {};
  const usable = entries.flatMap(({ key, expert, problems }): [string, Expert][] =>
    expert && problems.every(({ severity }) => severity !== "error") ? [[key, expert]] : [],
  );
  return { experts: Object.fromEntries(usable) };
}

function toFinding({ code, message, span }: TomlFault): Finding {
  return { severity: "error", code, message, span };
}

function toProblem({ span, ...rest }: Finding, rangeOf: RangeOf, expertKey?: string): DefinitionProblem {
  return { ...rest, range: rangeOf(span), ...(expertKey !== undefined && { expertKey }) };
}

function byPlace(a: DefinitionProblem, b: DefinitionProblem): number {
  return a.range.start - b.range.start || a.range.end - b.range.end;
}
