/** The MCP skills of an expert: their servers, and the tools they offer. */
import type { Skill } from "../../model/definition";
import { type McpSkill, mcpSkillsOf } from "../../model/lockfile";
import { oneLine } from "../../model/plainText";
import { isSelected } from "../../model/toolSelection";
import { isRecord } from "../../model/toolText";
import type { Environment } from "../execEnvironment";
import type { Reaper } from "../reaper";
import { type Tool, ToolError } from "../tools/tool";
import { type McpLimits, mcpLimits } from "./mcpLimits";
import { McpServer } from "./mcpServer";
import type { McpTool } from "./mcpTool";
import { serverTarget } from "./serverTarget";
import type { SkillContext, SkillSession, SkillSource } from "./skill";
import { type NamedTool, nameTools } from "./toolNames";

export interface McpOptions {
  /** The process's environment, the env files and the stored secrets, already put together. */
  env: Environment;
  /** By skill: its tools, where a current lock file knows them. Such a skill connects at its first call. */
  locked?: Readonly<Record<string, readonly McpTool[]>>;
  /** Skills whose tools a lock file should know, but does not, and why: told when they are opened. */
  stale?: readonly { skill: string; reason: string }[];
  /** Names of tools that are offered already. */
  taken?: Iterable<string>;
  reaper: Reaper;
  runtimeVersion: string;
  limits?: Partial<McpLimits>;
}

/** `undefined` where the expert has no MCP skill. */
export function createMcpSkills(skills: Readonly<Record<string, Skill>>, options: McpOptions): SkillSource | undefined {
  const { locked = {}, stale = [], taken = [] } = options;
  const own = mcpSkillsOf({ skills });
  if (own.length === 0) return undefined;
  const lockedOf = (skill: string) => (Object.hasOwn(locked, skill) ? locked[skill] : undefined);
  const known = own.map(([skill]) => ({ skill, tools: lockedOf(skill) ?? [] }));
  return {
    knownTools: nameTools(known, taken).offered.map(({ name }) => name),
    async open(context) {
      const note = (skill: string, line: string) => context.emit({ type: "logSkill", skill, line });
      // All are checked before any is started.
      const servers = own.map(([skill, definition]) => ({
        ...{ skill, definition },
        server: createServer(skill, definition, context, { ...options, locked: lockedOf(skill) }),
      }));
      const close = async () => {
        await Promise.all(servers.map(({ server }) => server.close()));
      };
      try {
        for (const { skill, reason } of stale) {
          note(skill, `perstack.lock is out of date: ${reason}. Run “runtrail install”.`);
        }
        const lists = await Promise.all(
          servers.map(async ({ skill, definition, server }) => {
            const tools = lockedOf(skill) ?? (await server.listTools());
            const unknown = unknownPicks(definition, tools);
            if (unknown) note(skill, `“pick” names what the server does not offer: ${unknown}.`);
            return { skill, tools };
          }),
        );
        const { offered, leftOut } = nameTools(lists, taken);
        for (const { skill, name } of leftOut) {
          note(skill, `The tool “${name}” is left out: another tool of that name is offered already.`);
        }
        const serverOf = new Map(servers.map(({ skill, server }) => [skill, server]));
        return { tools: offered.flatMap((each) => offer(each, serverOf.get(each.skill))), close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

/** Connects, asks and closes again. Throws `SkillUnavailable`. */
export async function listSkillTools(
  skill: string,
  definition: McpSkill,
  context: SkillContext,
  options: Omit<McpOptions, "locked" | "stale" | "taken">,
): Promise<readonly McpTool[]> {
  const server = createServer(skill, definition, context, options);
  try {
    return await server.listTools();
  } finally {
    await server.close();
  }
}

function createServer(
  skill: string,
  definition: McpSkill,
  context: SkillContext,
  options: Pick<McpOptions, "env" | "reaper" | "runtimeVersion" | "limits"> & {
    locked?: readonly McpTool[] | undefined;
  },
): McpServer {
  const { env, reaper, runtimeVersion, limits, locked } = options;
  const target = serverTarget(skill, definition, env);
  return new McpServer({
    ...{ skill, target, context, reaper, runtimeVersion, locked },
    isOffered: (tool) => isSelected(definition, tool),
    limits: { ...mcpLimits, ...limits },
  });
}

function unknownPicks({ pick = [], omit = [] }: McpSkill, tools: readonly McpTool[]): string {
  return pick.filter((name) => !omit.includes(name) && !tools.some((tool) => tool.name === name)).join(", ");
}

function offer({ skill, tool, name }: NamedTool, server: McpServer | undefined): SkillSession["tools"] {
  if (!server) return [];
  const { description = "", inputSchema, readOnlyHint } = tool;
  const offered: Tool = {
    definition: { name, description, inputSchema },
    effect: readOnlyHint ? "read" : "exec",
    summarize: (args) => oneLine(`${skill}: ${tool.name} ${JSON.stringify(args ?? {})}`),
    async execute(args, context) {
      const given = args ?? {};
      if (!isRecord(given)) throw new ToolError(`The arguments of ${name} must be an object.`);
      return await server.call(tool.name, given, context);
    },
  };
  return [{ skill, tool: offered }];
}
