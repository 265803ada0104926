/** Skills as a run has them: opened, called and closed, with the events they told. */
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../../../src/app/systemClock";
import type { Skill } from "../../../src/model/definition";
import { createReaper } from "../../../src/runtime/reaper";
import { createMcpSkills, type McpOptions } from "../../../src/runtime/skills/mcpSkills";
import type { SkillContext, SkillEvent, SkillSession, SkillSource } from "../../../src/runtime/skills/skill";
import type { ToolOutput } from "../../../src/runtime/tools/tool";
import { projectRoot } from "../../support/projectPaths";
import { temporaryWorkspace } from "../temporaryWorkspace";

export const serverPath = join(projectRoot, "test", "support", "mcpServer.mjs");

/** A skill whose server is test/support/mcpServer.mjs. */
export function stdioSkill(
  switches: readonly string[] = [],
  rest: Partial<Extract<Skill, { type: "mcpStdioSkill" }>> = {},
): Skill {
  return { type: "mcpStdioSkill", command: process.execPath, args: [serverPath, ...switches], ...rest };
}

export interface SkillBench {
  source: SkillSource;
  events: SkillEvent[];
  open(signal?: AbortSignal): Promise<SkillSession>;
  /** Opens where that has not happened. */
  call(tool: string, args?: unknown, signal?: AbortSignal): Promise<ToolOutput>;
  /** The text of its first part. */
  text(tool: string, args?: unknown): Promise<string>;
  progress: string[];
  lines(): string[];
  workspaceRoot: string;
}

export async function skillBench(
  skills: Readonly<Record<string, Skill>>,
  options: Partial<McpOptions> & { emit?: SkillContext["emit"] } = {},
): Promise<SkillBench> {
  const { workspace } = await temporaryWorkspace();
  const reaper = createReaper();
  const { emit, ...mcpOptions } = options;
  const env = { PATH: process.env.PATH };
  const source = createMcpSkills(skills, { env, reaper, runtimeVersion: "0.0.0", ...mcpOptions });
  if (!source) throw new Error("No MCP skill");
  const events: SkillEvent[] = [];
  const progress: string[] = [];
  let session: SkillSession | undefined;
  onTestFinished(async () => {
    await session?.close();
    reaper.dispose();
  });
  const open: SkillBench["open"] = async (signal = new AbortController().signal) => {
    session = await source.open({
      ...{ workspaceRoot: workspace.root, clock: systemClock, signal },
      emit: emit ?? ((...told) => void events.push(...told)),
    });
    return session;
  };
  const call: SkillBench["call"] = async (name, args = {}, signal = new AbortController().signal) => {
    const { tools } = session ?? (await open());
    const found = tools.find(({ tool }) => tool.definition.name === name);
    if (!found) throw new Error(`No tool ${name}`);
    return await found.tool.execute(args, {
      ...{ workspace, clock: systemClock, signal, todos: [] },
      setTodos: () => undefined,
      progress: (text) => void progress.push(text),
    });
  };
  return {
    ...{ source, events, progress, open, call, workspaceRoot: workspace.root },
    lines: () => events.flatMap((event) => (event.type === "logSkill" ? [event.line] : [])),
    async text(tool, args) {
      const [part] = (await call(tool, args)).result;
      return part?.type === "textPart" ? part.text : "";
    },
  };
}
