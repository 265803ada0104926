/** `perstack.lock` as data, in Perstack's shape: the tools of skills, known without a connection while nothing has changed. */
import * as z from "zod";
import { baseSkillName } from "./baseSkill";
import type { Expert, Skill } from "./definition";

const text = z.string();
const names = z.array(text);

export const LockedTool = z.object({
  skillName: text,
  /** As the server names it. */
  name: text,
  description: text.optional(),
  inputSchema: z.record(text, z.unknown()),
  /** Ours: the server says that it changes nothing. Perstack passes it over. */
  readOnlyHint: z.boolean().optional(),
});
export type LockedTool = z.infer<typeof LockedTool>;

export const LockedExpert = z.object({
  key: text,
  name: text,
  version: text,
  description: text.optional(),
  instruction: text,
  skills: z.record(text, z.record(text, z.unknown())),
  delegates: names,
  tags: names,
  toolDefinitions: z.array(LockedTool),
});
export type LockedExpert = z.infer<typeof LockedExpert>;

export const Lockfile = z.object({
  version: z.literal("1"),
  generatedAt: z.number(),
  configPath: text,
  experts: z.record(text, LockedExpert),
});
export type Lockfile = z.infer<typeof Lockfile>;

/** What is known of an expert's MCP skills. */
export interface KnownTools {
  /** By skill: all its tools. */
  locked: Record<string, LockedTool[]>;
  /** Why nothing is known of the others; nothing is said where there is no lock file. */
  stale: { skill: string; reason: string }[];
}

/** Each skill counts for itself: where one has changed, the tools of the others are still known. */
export function lockedTools({ experts }: Lockfile, expertKey: string, expert: Expert): KnownTools {
  const recorded = Object.hasOwn(experts, expertKey) ? experts[expertKey] : undefined;
  const known: KnownTools = { locked: {}, stale: [] };
  for (const [skill, definition] of mcpSkillsOf(expert)) {
    const reason = staleness(recorded, skill, definition);
    if (reason === undefined) known.locked[skill] = toolsOf(recorded, skill);
    else known.stale.push({ skill, reason });
  }
  return known;
}

export type McpSkill = Exclude<Skill, { type: "interactiveSkill" }>;

/** The built-in skill is none, whatever its entry says. */
export function mcpSkillsOf({ skills = {} }: Pick<Expert, "skills">): [name: string, skill: McpSkill][] {
  return Object.entries(skills).flatMap(([name, skill]): [string, McpSkill][] =>
    name === baseSkillName || skill.type === "interactiveSkill" ? [] : [[name, skill]],
  );
}

function staleness(recorded: LockedExpert | undefined, skill: string, definition: McpSkill): string | undefined {
  if (!recorded) return "it does not know this expert";
  const before = Object.hasOwn(recorded.skills, skill) ? recorded.skills[skill] : undefined;
  if (!before) return "it does not know this skill";
  const now: Readonly<Record<string, unknown>> = { ...definition };
  const changed = comparedKeys.filter((key) => writtenOf(before[key]) !== writtenOf(now[key]));
  if (changed.length > 0) return `it was written for another ${changed.map((key) => `“${key}”`).join(", ")}`;
  return toolsOf(recorded, skill).length === 0 ? "it has no tools of this skill" : undefined;
}

function toolsOf(recorded: LockedExpert | undefined, skill: string): LockedTool[] {
  return recorded?.toolDefinitions.filter(({ skillName }) => skillName === skill) ?? [];
}

/** A missing list is an empty one: Perstack writes both. */
function writtenOf(value: unknown): string {
  return JSON.stringify(value ?? []);
}

const comparedKeys = ["type", "command", "packageName", "args", "endpoint", "pick", "omit", "requiredEnv"] as const;
