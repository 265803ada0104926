/** The MCP skills of an expert, ready to be opened. */
import { baseSkillName } from "../model/baseSkill";
import type { Expert } from "../model/definition";
import type { EventError } from "../model/failure";
import { eventError } from "../runtime/runFailure";
import type { SkillSource } from "../runtime/skills/skill";
import type { JobContext } from "./jobContext";

export async function findSkills(
  _job: JobContext,
  _expertKey: string,
  expert: Expert,
): Promise<{ source?: SkillSource } | { failure: EventError }> {
  const other = Object.entries(expert.skills ?? {}).find(
    ([name, { type }]) => name !== baseSkillName && type !== "interactiveSkill",
  );
  if (!other) return {};
  return { failure: eventError("skill_unavailable", `The skill “${other[0]}” (${other[1].type}) is not supported.`) };
}
