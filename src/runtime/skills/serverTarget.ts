/** What a skill's definition comes to: a command with its environment, or an address. Checked before anything is started. */
import { basename } from "node:path";
import type { McpSkill } from "../../model/lockfile";
import { endpointFault } from "../../model/skillEndpoint";
import type { Environment } from "../execEnvironment";
import { serverEnvironment } from "./serverEnvironment";
import { SkillUnavailable } from "./skill";

type StdioSkill = Extract<McpSkill, { type: "mcpStdioSkill" }>;

export interface ServerCommand {
  kind: "command";
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  /** It may have to be downloaded first. */
  isDownload: boolean;
  /** What is to be said about it when it starts. */
  notes: string[];
}

export interface ServerAddress {
  kind: "address";
  url: URL;
}

export type ServerTarget = ServerCommand | ServerAddress;

/** Throws `SkillUnavailable`. */
export function serverTarget(name: string, skill: McpSkill, env: Environment): ServerTarget {
  if (skill.type === "mcpStdioSkill") return commandOf(name, skill, env);
  const fault = endpointFault(skill.endpoint);
  if (fault) throw new SkillUnavailable(`The endpoint of the skill “${name}” cannot be used. ${fault}`);
  return { kind: "address", url: new URL(skill.endpoint) };
}

function commandOf(name: string, skill: StdioSkill, own: Environment): ServerCommand {
  const { command, packageName, args, requiredEnv = [] } = skill;
  if (command.trim() === "") throw new SkillUnavailable(`The skill “${name}” has an empty command. Name a program.`);
  if (packageName !== undefined && args?.length) {
    throw new SkillUnavailable(
      `The skill “${name}” has both “packageName” and “args”. Keep the one that says what the command is to run.`,
    );
  }
  if (packageName === undefined && args === undefined) {
    throw new SkillUnavailable(
      `The skill “${name}” has neither “packageName” nor “args”. Name the server's package, or the arguments that start it.`,
    );
  }
  const { env, missing, refused } = serverEnvironment(own, requiredEnv);
  if (missing.length > 0) {
    const [what, set] =
      missing.length === 1 ? ["variable", "is not set: set it"] : ["variables", "are not set: set them"];
    throw new SkillUnavailable(
      `The skill “${name}” needs the environment ${what} ${missing.join(", ")}, which ${set}, or add to .env or .env.local beside perstack.toml.`,
    );
  }
  const isNpx = programOf(command) === "npx";
  const plain = packageName === undefined ? (args ?? []) : [packageName];
  const isAnswered = plain.some((each) => each === "-y" || each === "--yes");
  return {
    kind: "command",
    command,
    // Without it npx would ask on the very stream that carries the messages.
    args: isNpx && !isAnswered ? ["-y", ...plain] : plain,
    env,
    isDownload: launchers.has(programOf(command)),
    notes: refused.map((each) => `${each} is not passed on to a server, although requiredEnv names it.`),
  };
}

function programOf(command: string): string {
  return basename(command).replace(/\.(?:cmd|exe|ps1)$/iu, "");
}

const launchers: ReadonlySet<string> = new Set([
  ...["npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "bun", "deno", "uvx", "uv", "pipx", "docker", "podman"],
]);
