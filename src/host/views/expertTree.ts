/** The nodes of the Experts view: file, expert, delegates and skills, and the places that are broken. */

import { baseSkillName } from "../../model/baseSkill";
import type { DefinitionDocument, DefinitionProblem, ExpertEntry } from "../../model/definition";

export type ExpertNode = FileNode | ExpertRowNode | GroupNode | SkillNode | DelegateNode | BrokenNode;

export interface FileNode {
  kind: "file";
  id: string;
  file: string;
}
export interface ExpertRowNode {
  kind: "expert";
  id: string;
  file: string;
  key: string;
}
export interface GroupNode {
  kind: "delegates" | "skills";
  id: string;
  file: string;
  key: string;
}
export interface SkillNode {
  kind: "skill";
  id: string;
  file: string;
  key: string;
  name: string;
}
export interface DelegateNode {
  kind: "delegate";
  id: string;
  file: string;
  key: string;
  delegate: string;
}
export interface BrokenNode {
  kind: "broken";
  id: string;
  file: string;
  key?: string;
  problem: DefinitionProblem;
}

/** Files are a level of their own only where there are several. */
export function rootNodes(documents: readonly DefinitionDocument[]): ExpertNode[] {
  const [only, ...more] = documents;
  if (!only) return [];
  if (more.length === 0) return fileChildren(only);
  return documents.map(({ path }) => ({ kind: "file", id: `file:${path}`, file: path }));
}

/** What is wrong with the file itself first, then its experts. */
export function fileChildren(document: DefinitionDocument): ExpertNode[] {
  const inExperts = new Set(document.experts.flatMap(({ problems }) => problems));
  const own = document.problems.filter(
    (problem) => problem.severity === "error" && problem.expertKey === undefined && !inExperts.has(problem),
  );
  return [
    ...own.map((problem, index) => brokenNode(document.path, undefined, problem, index)),
    ...document.experts.map((entry): ExpertNode => ({ ...expertNode(document.path, entry.key) })),
  ];
}

export function expertNode(file: string, key: string): ExpertRowNode {
  return { kind: "expert", id: `expert:${file}:${key}`, file, key };
}

export function expertChildren(file: string, entry: ExpertEntry): ExpertNode[] {
  const broken = errorsOf(entry).map((problem, index) => brokenNode(file, entry.key, problem, index));
  const groups: ExpertNode[] = [];
  if (entry.delegates.length > 0) groups.push(groupNode("delegates", file, entry.key));
  if (skillNames(entry).length > 0) groups.push(groupNode("skills", file, entry.key));
  return [...broken, ...groups];
}

export function groupChildren(kind: GroupNode["kind"], file: string, entry: ExpertEntry): ExpertNode[] {
  const { key } = entry;
  if (kind === "skills") {
    return skillNames(entry).map((name) => ({ kind: "skill", id: `skill:${file}:${key}:${name}`, file, key, name }));
  }
  return [...new Set(entry.delegates.map((delegate) => delegate.key))].map((delegate) => ({
    kind: "delegate",
    id: `delegate:${file}:${key}:${delegate}`,
    file,
    key,
    delegate,
  }));
}

export function groupNode(kind: GroupNode["kind"], file: string, key: string): GroupNode {
  return { kind, id: `${kind}:${file}:${key}`, file, key };
}

export function errorsOf(entry: ExpertEntry): DefinitionProblem[] {
  return entry.problems.filter(({ severity }) => severity === "error");
}

/** An expert without skills of its own has the built-in one. */
function skillNames(entry: ExpertEntry): string[] {
  const names = [...new Set(entry.skills.map(({ name }) => name))];
  return names.length === 0 && entry.expert ? [baseSkillName] : names;
}

function brokenNode(file: string, key: string | undefined, problem: DefinitionProblem, index: number): BrokenNode {
  const id = `broken:${file}:${key ?? ""}:${problem.code}:${index}`;
  return { kind: "broken", id, file, ...(key !== undefined && { key }), problem };
}
