/** The MCP skills of an expert, ready to be opened: what a current lock file knows of them need not be asked. */
import type { Expert } from "../model/definition";
import { mcpSkillsOf } from "../model/lockfile";
import { createMcpSkills } from "../runtime/skills/mcpSkills";
import type { SkillSource } from "../runtime/skills/skill";
import type { JobContext } from "./jobContext";
import { readKnownTools } from "./knownTools";

/** `undefined` where the expert has none. */
export async function findSkills(
  { definitionPath, env, reaper, runtimeVersion }: JobContext,
  { key, expert }: { key: string; expert: Expert },
  taken: Iterable<string>,
): Promise<SkillSource | undefined> {
  if (mcpSkillsOf(expert).length === 0) return undefined;
  const known = await readKnownTools(definitionPath, key, expert);
  return createMcpSkills(expert.skills ?? {}, { env, ...known, taken, reaper, runtimeVersion });
}
