/** The MCP skills of an expert, ready to be opened: what a current lock file knows of them need not be asked. */
import { dirname, join } from "node:path";
import type { Expert } from "../model/definition";
import { type KnownTools, lockedTools, mcpSkillsOf } from "../model/lockfile";
import { createMcpSkills } from "../runtime/skills/mcpSkills";
import type { SkillSource } from "../runtime/skills/skill";
import { lockFileName, readLockFile } from "../store/lockFile";
import type { JobContext } from "./jobContext";

/** `undefined` where the expert has none. */
export async function findSkills(
  { definitionPath, env, reaper, runtimeVersion }: JobContext,
  { key, expert }: { key: string; expert: Expert },
  taken: Iterable<string>,
): Promise<SkillSource | undefined> {
  if (mcpSkillsOf(expert).length === 0) return undefined;
  const known = await knownTools(dirname(definitionPath), key, expert);
  return createMcpSkills(expert.skills ?? {}, { env, ...known, taken, reaper, runtimeVersion });
}

async function knownTools(folder: string, key: string, expert: Expert): Promise<KnownTools> {
  const found = await readLockFile(join(folder, lockFileName));
  if (!found) return { locked: {}, stale: [] };
  if ("lock" in found) return lockedTools(found.lock, key, expert);
  return { locked: {}, stale: mcpSkillsOf(expert).map(([skill]) => ({ skill, reason: found.problem })) };
}
