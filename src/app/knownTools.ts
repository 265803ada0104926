/** What the lock file beside a definition knows of an expert's MCP skills. */
import { dirname, join } from "node:path";
import type { Expert } from "../model/definition";
import { type KnownTools, lockedTools, mcpSkillsOf } from "../model/lockfile";
import { lockFileName, readLockFile } from "../store/lockFile";

/** Never throws: a lock file that cannot be used is as good as none, and that is said. */
export async function readKnownTools(definitionPath: string, expertKey: string, expert: Expert): Promise<KnownTools> {
  const skills = mcpSkillsOf(expert);
  if (skills.length === 0) return { locked: {}, stale: [] };
  const read = await readLockFile(join(dirname(definitionPath), lockFileName));
  if (!read) return { locked: {}, stale: [] };
  if ("lock" in read) return lockedTools(read.lock, expertKey, expert);
  return { locked: {}, stale: skills.map(([skill]) => ({ skill, reason: read.problem })) };
}
