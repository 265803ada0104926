import { describe, expect, it } from "vitest";
import type { Expert, Skill } from "../../src/model/definition";
import { type LockedTool, type Lockfile, lockedTools } from "../../src/model/lockfile";

const files: Skill = {
  type: "mcpStdioSkill",
  command: "npx",
  packageName: "files",
  pick: ["read"],
  requiredEnv: ["A"],
};
const web: Skill = { type: "mcpSseSkill", endpoint: "https://example.com/mcp" };
const read: LockedTool = { skillName: "files", name: "read", inputSchema: { type: "object" } };
const fetch: LockedTool = { skillName: "web", name: "fetch", inputSchema: { type: "object" } };

function expertWith(skills: Record<string, Skill>): Expert {
  return { instruction: "Do it.", skills };
}

function lockOf(skills: Record<string, unknown>, toolDefinitions = [read, fetch]): Lockfile {
  const expert = { key: "solo", name: "solo", version: "1.0.0", instruction: "Do it.", delegates: [], tags: [] };
  const recorded = skills as Lockfile["experts"][string]["skills"];
  const experts = { solo: { ...expert, skills: recorded, toolDefinitions } };
  return { version: "1", generatedAt: 1, configPath: "perstack.toml", experts };
}

describe("a lock file", () => {
  it("knows the tools of the skills that are as they were, and leaves all others alone", () => {
    const skills = { files, web, "@perstack/base": files, ask: { type: "interactiveSkill" as const, tools: {} } };
    expect(lockedTools(lockOf({ files, web }), "solo", expertWith(skills))).toEqual({
      locked: { files: [read], web: [fetch] },
      stale: [],
    });
  });

  it("counts as current as Perstack writes it: with a name, and an empty list for each that is missing", () => {
    const written = { ...web, name: "web", pick: [], omit: [], lazyInit: false };
    expect(lockedTools(lockOf({ web: written }), "solo", expertWith({ web })).locked).toEqual({ web: [fetch] });
  });

  it("does not mind words for the model: only what its server is, and which of its tools are offered", () => {
    const now = { ...web, description: "New", rule: "New" };
    expect(lockedTools(lockOf({ web }), "solo", expertWith({ web: now })).stale).toEqual([]);
  });

  it.each<[string, Partial<Skill>, string]>([
    ["command", { command: "uvx" }, "“command”"],
    ["package and pick", { packageName: "files@2", pick: [] }, "“packageName”, “pick”"],
    ["arguments", { packageName: undefined, args: ["files"] }, "“packageName”, “args”"],
    ["omit", { omit: ["write"] }, "“omit”"],
    ["environment", { requiredEnv: [] }, "“requiredEnv”"],
  ])("is stale for a skill with another %s, and says so; the others stay known", (_, changed, words) => {
    const expert = expertWith({ files: { ...files, ...changed } as Skill, web });
    expect(lockedTools(lockOf({ files, web }), "solo", expert)).toEqual({
      locked: { web: [fetch] },
      stale: [{ skill: "files", reason: `it was written for another ${words}` }],
    });
  });

  it.each<[string, Lockfile, string]>([
    ["an expert", { ...lockOf({}), experts: {} }, "it does not know this expert"],
    ["a skill", lockOf({ files }), "it does not know this skill"],
    ["a skill that could not be asked", lockOf({ web }, [read]), "it has no tools of this skill"],
  ])("is stale where it does not know %s", (_, lock, reason) => {
    expect(lockedTools(lock, "solo", expertWith({ web }))).toEqual({ locked: {}, stale: [{ skill: "web", reason }] });
  });

  it("knows nothing of experts and skills that are named like what every object has", () => {
    const expert = expertWith({ constructor: web, toString: web });
    const reason = "it does not know this skill";
    expect(lockedTools(lockOf({}), "solo", expert).stale.map((each) => each.reason)).toEqual([reason, reason]);
    expect(lockedTools(lockOf({}), "valueOf", expert).stale).toHaveLength(2);
  });
});
