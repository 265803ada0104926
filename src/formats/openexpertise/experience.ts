/** An experience of OpenExpertise, as its `experience.yaml` says: its name, and the graph that its runs go through. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LineCounter, parseDocument } from "yaml";
import { messageOf } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import { faultOfYaml } from "../safeYaml";
import type { SourceFiles } from "../sourceFiles";
import { textOf } from "./runLogRecord";

export interface ExperienceNode {
  id: string;
  kind?: string;
  phase?: string;
  /** Where its definition begins, counted from 1. */
  line?: number;
  /** Whether it is executed for each item of a list. */
  isForEach?: boolean;
  /** What happens where it fails: "skip", "fail_run" or "retry". */
  onError?: string;
}

export interface ExperienceEdge {
  from: string;
  to: string;
  /** The condition that it is followed under. */
  when?: string;
}

/** What is drawn; it is told with each run as the `foreignEvent` "graph". */
export interface ExperienceGraph {
  nodes: ExperienceNode[];
  edges: ExperienceEdge[];
  phases: { id: string; title?: string }[];
}

export interface Experience {
  /** Absolute path of `experience.yaml`. */
  file: string;
  uri: string;
  name?: string;
  version?: string;
  graph?: ExperienceGraph;
}

/** `undefined` where there is no such file, or with a problem of the source where it cannot be read. */
export async function readExperience(folder: string, source: SourceFiles): Promise<Experience | undefined> {
  const file = join(folder, "experience.yaml");
  const text = await source.text(file);
  if (text === undefined) return undefined;
  const parsed = parseExperience(text);
  for (const { line, reason } of parsed.problems) {
    source.problems.push({ file, ...(line !== undefined && { line }), reason });
  }
  return { file, uri: pathToFileURL(file).href, ...parsed.experience };
}

interface ParsedExperience {
  experience: Omit<Experience, "file" | "uri">;
  problems: { line?: number; reason: string }[];
}

function parseExperience(text: string): ParsedExperience {
  const fault = faultOfYaml(text);
  if (fault !== undefined) return { experience: {}, problems: [{ reason: fault }] };
  const lines = new LineCounter();
  try {
    // To look for keys that are there twice takes a time that grows with the square of their number.
    const document = parseDocument(text, { lineCounter: lines, logLevel: "silent", uniqueKeys: false });
    const problems = document.errors.slice(0, 1).map(({ message, pos }) => ({
      line: lines.linePos(pos[0]).line,
      reason: `Not YAML: ${message.split("\n", 1)[0] ?? ""}`,
    }));
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    if (!isRecord(value)) return { experience: {}, problems: problems.length > 0 ? problems : [notAnExperience] };
    const lineOf = (index: number) => {
      const node: unknown = document.getIn(["graph", "nodes", index], true);
      const range = isRecord(node) && Array.isArray(node.range) ? (node.range as readonly unknown[]) : [];
      return typeof range[0] === "number" ? lines.linePos(range[0]).line : undefined;
    };
    return { experience: experienceOf(value, lineOf), problems };
  } catch (error) {
    return { experience: {}, problems: [{ reason: `Not YAML: ${messageOf(error).split("\n", 1)[0] ?? ""}` }] };
  }
}

const notAnExperience = { reason: "Not an experience: no mapping." };

function experienceOf(
  value: Record<string, unknown>,
  lineOf: (index: number) => number | undefined,
): ParsedExperience["experience"] {
  const name = textOf(value.name);
  const version = textOf(value.version);
  const graph = isRecord(value.graph) ? graphOf(value.graph, value.phases, lineOf) : undefined;
  return { ...(name !== undefined && { name }), ...(version !== undefined && { version }), ...(graph && { graph }) };
}

function graphOf(
  graph: Record<string, unknown>,
  phases: unknown,
  lineOf: (index: number) => number | undefined,
): ExperienceGraph {
  const nodes = listOf(graph.nodes).flatMap((node, index): ExperienceNode[] => {
    const id = textOf(node.id);
    if (id === undefined) return [];
    const line = lineOf(index);
    const onError = isRecord(node.on_error) ? textOf(node.on_error.policy) : undefined;
    return [
      {
        id,
        ...textsOf(node, "kind", "phase"),
        ...(line !== undefined && { line }),
        ...(isRecord(node.for_each) && { isForEach: true }),
        ...(onError !== undefined && { onError }),
      },
    ];
  });
  const edges = listOf(graph.edges).flatMap((edge): ExperienceEdge[] => {
    const [from, to] = [textOf(edge.from), textOf(edge.to)];
    return from === undefined || to === undefined ? [] : [{ from, to, ...textsOf(edge, "when") }];
  });
  const named = listOf(phases).flatMap((phase) => {
    const id = textOf(phase.id);
    return id === undefined ? [] : [{ id, ...textsOf(phase, "title") }];
  });
  return { nodes, edges, phases: named };
}

function listOf(value: unknown): Record<string, unknown>[] {
  // The places in the list are those in the file.
  return Array.isArray(value) ? value.map((each: unknown) => (isRecord(each) ? each : {})) : [];
}

function textsOf<Key extends string>(value: Record<string, unknown>, ...keys: Key[]): Partial<Record<Key, string>> {
  const known: Partial<Record<Key, string>> = {};
  for (const key of keys) {
    const text = textOf(value[key]);
    if (text !== undefined) known[key] = text;
  }
  return known;
}
