/** Writes `perstack.lock`: asks the servers of every expert's MCP skills for their tools, so that runs need not wait for them. */
import { basename, dirname, join } from "node:path";
import { messageOf, UserError } from "../base/errors";
import { baseSkillName, type DefinitionDocument, type Expert, type ExpertEntry } from "../model/definition";
import { type LockedExpert, type LockedTool, type McpSkill, mcpSkillsOf } from "../model/lockfile";
import { isSelected } from "../model/toolSelection";
import { createReaper } from "../runtime/reaper";
import type { McpLimits } from "../runtime/skills/mcpLimits";
import { listSkillTools } from "../runtime/skills/mcpSkills";
import { SkillUnavailable } from "../runtime/skills/skill";
import { baseTools } from "../runtime/tools/index";
import { lockFileName, writeLockFile } from "../store/lockFile";
import { joinEnvironment, readEnvFiles } from "./envFiles";
import { readDefinition } from "./findDefinitions";
import { systemClock } from "./systemClock";
import { runtimeVersion } from "./version";

export interface InstallRequest {
  /** Absolute path of the `perstack.toml`. */
  definitionPath: string;
  /** `.env` files, as for a run. */
  envPaths?: readonly string[] | undefined;
  /** Of the process, and what else is set. */
  env: Readonly<Record<string, string | undefined>>;
  newId(): string;
  signal: AbortSignal;
  /** Hears of each skill when it is done. Must not throw. */
  onReport?(report: SkillReport): void;
  limits?: Partial<McpLimits>;
}

/** A skill whose tools are known now, or a skill or whole expert that could not be looked at. */
export type SkillReport =
  | { expertKey: string; skill: string; tools: number }
  | { expertKey: string; skill?: string; failure: string };

export interface InstallResult {
  /** What was written. */
  lockPath: string;
  experts: number;
  reports: SkillReport[];
}

/**
 * One server after the other: launchers such as npx get in each other's way.
 * Throws `UserError` for a definition that cannot be read or a lock file that cannot be written, and the signal's reason;
 * whatever is wrong with a skill is in the result, and the others are written all the same.
 */
export async function installSkills(request: InstallRequest): Promise<InstallResult> {
  const { definitionPath, signal, newId, onReport } = request;
  const document = await readDefinition(definitionPath);
  const env = await environmentOf(request, document);
  const reaper = createReaper();
  const reports: SkillReport[] = [];
  const report = (each: SkillReport) => {
    reports.push(each);
    onReport?.(each);
  };
  const asked = new Map<string, Promise<readonly Omit<LockedTool, "skillName">[]>>();
  const ask = (skill: string, definition: McpSkill) => {
    const key = JSON.stringify([skill, definition]);
    const context = { workspaceRoot: dirname(definitionPath), clock: systemClock, signal, emit: () => undefined };
    const answer =
      asked.get(key) ??
      listSkillTools(skill, definition, context, { env, reaper, runtimeVersion, limits: request.limits });
    asked.set(key, answer);
    return answer;
  };
  try {
    const experts: Record<string, LockedExpert> = {};
    for (const entry of document.experts) {
      const expert = usable(entry, report);
      if (expert) experts[entry.key] = await lockExpert(entry.key, expert, ask, report);
    }
    signal.throwIfAborted();
    const lockPath = join(dirname(definitionPath), lockFileName);
    const lock = {
      version: "1" as const,
      generatedAt: systemClock.now(),
      configPath: basename(definitionPath),
      experts,
    };
    await writeLockFile(lockPath, lock, newId()).catch((error: unknown) => {
      throw new UserError(`The lock file cannot be written: ${messageOf(error)}`, { path: lockPath });
    });
    return { lockPath, experts: Object.keys(experts).length, reports };
  } finally {
    reaper.dispose();
  }
}

async function environmentOf(
  { definitionPath, envPaths, env }: InstallRequest,
  { definition, problems }: DefinitionDocument,
): Promise<Record<string, string>> {
  const broken = problems.find(({ severity, expertKey }) => severity === "error" && expertKey === undefined);
  if (broken || !definition) {
    const place = broken && { line: broken.range.line, column: broken.range.column };
    throw new UserError(broken?.message ?? "The definition cannot be read.", { path: definitionPath, ...place });
  }
  const isConfined = envPaths === undefined;
  const files = await readEnvFiles(dirname(definitionPath), envPaths ?? definition.envPath, { isConfined });
  return joinEnvironment({ files, env, secrets: {} });
}

function usable({ key, expert, problems }: ExpertEntry, report: (report: SkillReport) => void): Expert | undefined {
  const problem = problems.find(({ severity }) => severity === "error");
  if (expert && !problem) return expert;
  report({ expertKey: key, failure: problem?.message ?? "It cannot be read." });
  return undefined;
}

async function lockExpert(
  key: string,
  expert: Expert,
  ask: (skill: string, definition: McpSkill) => Promise<readonly Omit<LockedTool, "skillName">[]>,
  report: (report: SkillReport) => void,
): Promise<LockedExpert> {
  const toolDefinitions = lockedBaseTools(expert);
  for (const [skill, definition] of mcpSkillsOf(expert)) {
    try {
      const tools = await ask(skill, definition);
      toolDefinitions.push(...tools.map((tool) => ({ skillName: skill, ...tool })));
      report({ expertKey: key, skill, tools: tools.length });
    } catch (error) {
      if (!(error instanceof SkillUnavailable)) throw error;
      report({ expertKey: key, skill, failure: error.message });
    }
  }
  const { version = "1.0.0", description, instruction, delegates = [], tags = [] } = expert;
  return {
    ...{ key, name: key, version, instruction, delegates, tags, toolDefinitions },
    ...(description !== undefined && { description }),
    skills: lockedSkills(expert),
  };
}

/** As Perstack has them: each with its name, and the built-in one where the expert names none. */
function lockedSkills({ skills = { [baseSkillName]: baseSkill } }: Expert): LockedExpert["skills"] {
  return Object.fromEntries(Object.entries(skills).map(([name, skill]) => [name, { ...skill, name }]));
}

function lockedBaseTools({ skills }: Expert): LockedTool[] {
  const base = skills ? skills[baseSkillName] : baseSkill;
  if (base?.type !== "mcpStdioSkill") return [];
  return baseTools
    .filter(({ definition: { name } }) => isSelected(base, name))
    .map(({ definition }) => ({ skillName: baseSkillName, ...definition }));
}

const baseSkill: McpSkill = { type: "mcpStdioSkill", command: "npx", packageName: baseSkillName };
