/** `perstack.toml` as data: the shapes Perstack accepts, and ours on top (`replay`). Source: Perstack's perstack-toml schema. */
import * as z from "zod";

export const providerNames = [
  "anthropic",
  "google",
  "openai",
  "ollama",
  "azure-openai",
  "amazon-bedrock",
  "google-vertex",
  "deepseek",
  "vscode-lm",
  "replay",
] as const;

const text = z.string();
const names = z.array(text);
const positive = z.number().int().positive();

export const ReasoningBudget = z.union([
  z.enum(["none", "minimal", "low", "medium", "high"]),
  z.number().int().nonnegative(),
]);
export type ReasoningBudget = z.infer<typeof ReasoningBudget>;

const skillBase = { description: text.optional(), rule: text.optional() };
const selection = { pick: names.optional(), omit: names.optional(), allowedDomains: names.optional() };

export const StdioSkill = z.strictObject({
  type: z.literal("mcpStdioSkill"),
  ...skillBase,
  ...selection,
  command: text,
  packageName: text.optional(),
  args: names.optional(),
  requiredEnv: names.optional(),
  lazyInit: z.boolean().optional(),
});
export const SseSkill = z.strictObject({ type: z.literal("mcpSseSkill"), ...skillBase, ...selection, endpoint: text });
export const InteractiveSkill = z.strictObject({
  type: z.literal("interactiveSkill"),
  ...skillBase,
  tools: z.record(text, z.strictObject({ description: text.optional(), inputJsonSchema: text })),
});
export const Skill = z.discriminatedUnion("type", [StdioSkill, SseSkill, InteractiveSkill]);
export type Skill = z.infer<typeof Skill>;

export const Expert = z.strictObject({
  version: text.optional(),
  minRuntimeVersion: text.optional(),
  description: text.max(2048).optional(),
  instruction: text.min(1).max(20480),
  skills: z.record(text, Skill).optional(),
  delegates: names.optional(),
  tags: names.optional(),
  providerTools: z.array(z.unknown()).optional(),
  providerSkills: z.array(z.unknown()).optional(),
  providerToolOptions: z.unknown().optional(),
});
export type Expert = z.infer<typeof Expert>;

export const Definition = z.strictObject({
  provider: z
    .strictObject({ providerName: z.enum(providerNames), setting: z.record(text, z.unknown()).optional() })
    .optional(),
  model: text.optional(),
  reasoningBudget: ReasoningBudget.optional(),
  runtime: z.enum(["local", "cursor", "claude-code", "gemini", "docker"]).optional(),
  maxSteps: positive.optional(),
  maxRetries: z.number().int().nonnegative().optional(),
  timeout: positive.optional(),
  /** Tokens and USD that a job may use, all its runs together. Runtrail's own: Perstack passes them over. */
  maxTokens: positive.optional(),
  maxCost: z.number().positive().optional(),
  experts: z.record(text, Expert).optional(),
  perstackApiBaseUrl: text.optional(),
  perstackBaseSkillCommand: names.optional(),
  envPath: names.optional(),
});
export type Definition = z.infer<typeof Definition>;

export { baseSkillName } from "./baseSkill";

/** A place in a text: offsets in UTF-16 units from the start; lines and columns count from 1. */
export interface TextRange {
  start: number;
  end: number;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface DefinitionProblem {
  severity: "error" | "warning";
  /** Stable, kebab case: syntax, unknown-key, wrong-type, missing-key, unknown-delegate, missing-env, bad-expert-key, … */
  code: string;
  /** What is wrong and what to do, a sentence. */
  message: string;
  range: TextRange;
  /** The expert it is in, if any. */
  expertKey?: string;
}

/** An expert as written, with its places. One with an error-level problem is listed, but cannot be run. */
export interface ExpertEntry {
  key: string;
  expert?: Expert;
  problems: DefinitionProblem[];
  /** Of the table header `[experts."key"]`. */
  range: TextRange;
  skills: { name: string; range: TextRange }[];
  delegates: { key: string; range: TextRange }[];
}

/** What a `perstack.toml` says: the parts that can be trusted, and every problem with its place. */
export interface DefinitionDocument {
  /** Absolute path. */
  path: string;
  /** Absent where the file is no TOML; experts that are themselves valid stay usable when another one is not. */
  definition?: Definition;
  experts: ExpertEntry[];
  problems: DefinitionProblem[];
}
