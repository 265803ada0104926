/** The options of the commands that run experts, and what they decide for a run. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { ApprovalMode, FlushMode, RunChoices, RunConditions } from "../app/app";
import { UserError } from "../base/errors";
import { type WrittenFormatName, writtenFormatNames } from "../formats/format";
import type { CliIo } from "./cliIo";

export interface ModelOptions extends RunChoices {
  config?: string;
  timeout?: number;
  envPath?: string[];
  env?: string[];
  verbose?: boolean;
  runtime?: string;
  workspace?: string;
  approve: ApprovalMode;
  alsoWrite?: WrittenFormatName[];
  flush?: FlushMode;
  /** Whose events are printed. */
  events?: "runtrail" | "perstack";
}

export interface RunOptions extends ModelOptions {
  continue?: boolean;
  continueJob?: string;
  resumeFrom?: string;
  interactiveToolCallResult?: boolean;
}

export interface PrintOptions {
  stream?: boolean;
  pretty?: boolean;
}

const budgets = ["none", "minimal", "low", "medium", "high"];

/** Of `run` and `start`. */
export function addRunOptions(command: Command): Command {
  return addModelOptions(
    command
      .argument("<expertKey>", "the expert to run, as perstack.toml names it")
      .argument("[query]", "what it is to do; “-” reads it from standard input; may be left out where a run goes on")
      .addOption(new Option("--continue", "go on with the newest job").conflicts(["continueJob", "jobId"]))
      .addOption(
        new Option("--continue-job <id>", "go on with this job, where its newest run ended").conflicts("jobId"),
      )
      .option("--resume-from <id>", "with --continue-job: branch off from this checkpoint of the job")
      .option("-i, --interactive-tool-call-result", "the query is the answer that the job waits for"),
  ).option("--job-id <id>", "the job this run belongs to (default: a new one)");
}

/** Of every command that runs an expert. */
export function addModelOptions(command: Command): Command {
  return command
    .option("--config <path>", "the perstack.toml to use (default: the nearest one from here upward)")
    .option("--provider <name>", "the provider of the model")
    .option("--model <name>", "the model")
    .option("--reasoning-budget <budget>", `${budgets.join(", ")}, or a number of tokens`, parseBudget)
    .option("--max-steps <n>", "steps after which the job stops (default: 100)", atLeast(1))
    .option("--max-retries <n>", "retries of one generation (default: 5)", atLeast(0))
    .option("--max-tokens <n>", "tokens after which the job stops (default: no limit)", atLeast(1))
    .option("--max-cost <usd>", "USD after which the job stops (default: no limit)", parseMoney)
    .option("--timeout <ms>", "time for one generation (default: 300000)", atLeast(1))
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
    )
    .addOption(
      new Option("--also-write <system>", "write it for this system too, into perstack/exports; may be repeated")
        .choices(writtenFormatNames)
        .argParser(appendSystem),
    )
    .addOption(
      new Option(
        "--flush <when>",
        "flush its log to the disk with each event, at each step's end (default), or never",
      ).choices(["event", "step", "never"] satisfies FlushMode[]),
    );
}

function appendSystem(value: string, earlier: WrittenFormatName[] = []): WrittenFormatName[] {
  const found = writtenFormatNames.find((name) => name === value);
  if (found) return [...earlier, found];
  throw new InvalidArgumentError(`It must be one of ${writtenFormatNames.join(", ")}.`);
}

/** Of the commands that begin with a recorded run: it says which definition and expert it is of. */
export function addRecordedRunOptions(command: Command): Command {
  return addModelOptions(command)
    .option("--stream", "print the live events too: text and reasoning as they come in")
    .addOption(new Option("--pretty", "readable and live, as “runtrail start” shows it").conflicts("stream"));
}

/** @throws UserError */
export async function termsOf(options: ModelOptions, io: CliIo): Promise<Omit<RunChoices, "jobId"> & RunConditions> {
  checkRuntime(options);
  await checkProvider(options.provider);
  return {
    provider: options.provider,
    model: options.model,
    reasoningBudget: options.reasoningBudget,
    maxSteps: options.maxSteps,
    maxRetries: options.maxRetries,
    maxTokens: options.maxTokens,
    maxCost: options.maxCost,
    timeoutMs: options.timeout,
    envPaths: options.envPath?.map((path) => resolve(io.cwd, path)),
    approval: options.approve,
    alsoWrite: options.alsoWrite,
    flush: options.flush,
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

/** Throws `UserError`. */
export async function definitionPathOf(config: string | undefined, cwd: string): Promise<string> {
  if (config === undefined) return await (await import("../app/findDefinitions")).requireDefinitionUpward(cwd);
  if (/^https?:/iu.test(config)) {
    throw new UserError(
      `A definition is read from this machine only. Download ${config} and give its path to --config.`,
    );
  }
  return resolve(cwd, config);
}

/** “-” means standard input, without the line end that `echo` and here-documents put behind it. */
export async function readText(text: string, { stdin }: CliIo): Promise<string> {
  if (text !== "-") return text;
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

function parseMoney(value: string): number {
  const usd = Number(value);
  if (/^\d*\.?\d+$/u.test(value) && usd > 0) return usd;
  throw new InvalidArgumentError("It must be an amount of USD, such as 0.50.");
}

function parseBudget(value: string): string | number {
  if (budgets.includes(value)) return value;
  if (/^\d+$/u.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new InvalidArgumentError(`It must be ${budgets.join(", ")} or a whole number.`);
}

/** Those of Perstack; only its own events make do with another than “local”. */
const runtimes = ["local", "docker", "cursor", "claude-code", "gemini"];

function parseRuntime(value: string): string {
  if (runtimes.includes(value)) return value;
  throw new InvalidArgumentError(`It must be one of ${runtimes.join(", ")}.`);
}

/** Throws `UserError`. */
function checkRuntime({ runtime, events }: ModelOptions): void {
  if (runtime === undefined || runtime === "local" || events === "perstack") return;
  throw new UserError(`Runtrail runs experts itself, on this machine: only “local” is there.`);
}

export function append(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
