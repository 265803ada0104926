/** The options that `run` and `start` share, and the request they make. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { ApprovalMode, RunChoices, StartRequest } from "../app/app";
import { UserError } from "../base/errors";
import type { CliIo } from "./cliIo";

export interface RunOptions extends RunChoices {
  config?: string;
  timeout?: number;
  envPath?: string[];
  env?: string[];
  verbose?: boolean;
  runtime?: string;
  workspace?: string;
  approve: ApprovalMode;
}

const budgets = ["none", "minimal", "low", "medium", "high"];

export function addRunOptions(command: Command): Command {
  return command
    .argument("<expertKey>", "the expert to run, as perstack.toml names it")
    .argument("<query>", "what it is to do; “-” reads it from standard input")
    .option("--config <path>", "the perstack.toml to use (default: the nearest one from here upward)")
    .option("--provider <name>", "the provider of the model")
    .option("--model <name>", "the model")
    .option("--reasoning-budget <budget>", `${budgets.join(", ")}, or a number of tokens`, parseBudget)
    .option("--max-steps <n>", "steps after which the job stops (default: 100)", atLeast(1))
    .option("--max-retries <n>", "retries of one generation (default: 5)", atLeast(0))
    .option("--timeout <ms>", "time for one generation (default: 300000)", atLeast(1))
    .option("--job-id <id>", "the job this run belongs to (default: a new one)")
    .option(
      "--env-path <path>",
      "a file with environment variables, may be repeated (default: .env, .env.local)",
      append,
    )
    .option("--env <name>", "accepted as Perstack's option; it has no effect on runs on this machine", append)
    .option("--verbose", "tell on standard error what happens")
    .option("--runtime <name>", "where it runs: local is the only one", parseRuntime)
    .option("--workspace <folder>", "the folder it may work in (default: the folder of perstack.toml)")
    .addOption(
      new Option("--approve <mode>", "writing files and running commands: ask once a run, allow all, or read-only")
        .choices(["ask", "all", "read-only"] satisfies ApprovalMode[])
        .default("ask"),
    );
}

/** @throws UserError */
export async function requestOf(
  expertKey: string,
  query: string,
  options: RunOptions,
  io: CliIo,
): Promise<StartRequest> {
  const fromHere = (path: string) => resolve(io.cwd, path);
  const text = query === "-" ? await readAll(io) : query;
  if (text.trim() === "") throw new UserError("The query is empty. Say what the expert is to do.");
  await checkProvider(options.provider);
  return {
    definitionPath: await definitionPathOf(options.config, io.cwd),
    expertKey,
    query: text,
    provider: options.provider,
    model: options.model,
    reasoningBudget: options.reasoningBudget,
    maxSteps: options.maxSteps,
    maxRetries: options.maxRetries,
    timeoutMs: options.timeout,
    jobId: options.jobId,
    envPaths: options.envPath?.map(fromHere),
    approval: options.approve,
    workspaceRoot: options.workspace === undefined ? undefined : fromHere(options.workspace),
  };
}

/** Loaded only now: `--help` needs no schema. */
async function checkProvider(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const { providerNames } = await import("../model/definition");
  const known: readonly string[] = providerNames;
  if (!known.includes(name))
    throw new UserError(`There is no provider “${name}”. The providers are: ${known.join(", ")}.`);
}

async function definitionPathOf(config: string | undefined, cwd: string): Promise<string> {
  if (config === undefined) return await (await import("../app/findDefinitions")).requireDefinitionUpward(cwd);
  if (/^https?:/iu.test(config)) {
    throw new UserError(
      `A definition is read from this machine only. Download ${config} and give its path to --config.`,
    );
  }
  return resolve(cwd, config);
}

/** Without the line end that `echo` and here-documents put behind it. */
async function readAll({ stdin }: CliIo): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/u, "");
}

export function atLeast(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/u.test(value) && Number.isSafeInteger(number) && number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  };
}

function parseBudget(value: string): string | number {
  if (budgets.includes(value)) return value;
  if (/^\d+$/u.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new InvalidArgumentError(`It must be ${budgets.join(", ")} or a whole number.`);
}

function parseRuntime(value: string): string {
  if (value === "local") return value;
  throw new InvalidArgumentError("Runtrail runs experts itself, on this machine: only “local” is there.");
}

export function append(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
