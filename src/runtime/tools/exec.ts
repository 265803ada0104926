/** `exec`: a command run to its end, and what it said. */
import * as z from "zod";
import { assertNever } from "../../base/errors";
import { isHijacking } from "../execEnvironment";
import type { ExecResult } from "../ports";
import { showArgument } from "./showArgument";
import { defineTool, jsonResult, ToolError } from "./tool";

const schema = z.object({
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  stdout: z.boolean(),
  stderr: z.boolean(),
  timeout: z.number().default(60_000),
});

export const exec = defineTool({
  name: "exec",
  description: `Run a command and wait for its end, for example tests, a build or git. Its output is answered; an exit code other than 0
is an error that names the code and still holds the output.
There is no shell: command is the program alone, args its arguments one by one, and pipes, globs and variables mean
nothing. Where you need them, use command "sh" with args ["-c", "…"].
cwd: the folder to run in, “.” for the workspace folder. env: variables to add ({} for none); those that change which code
runs (PATH, HOME, NODE_OPTIONS, LD_PRELOAD, …) are left out. stdout, stderr: whether to answer that stream.
timeout: in milliseconds, 60000 unless given; then the command and all it started are ended. Standard input is empty, so
that nothing can be asked. Whatever it leaves running in the background is ended with it. At most 1 MB of each stream is kept.`,
  schema,
  effect: "exec",
  summarize: commandLine,
  async execute(args, { workspace, signal, progress }) {
    const { command, env, cwd, timeout } = args;
    if (!(timeout > 0)) throw new ToolError(`timeout is ${timeout}, but must be more than 0 milliseconds.`);
    const result = await workspace.exec({
      ...{ command, args: args.args, env, cwd, signal },
      timeoutMs: timeout,
      outputLimit,
      onOutput: progress,
    });
    const notes = {
      ...(result.truncated && { truncated: `Only the first ${outputLimit} bytes of each stream were kept.` }),
      ...ignoredOf(env),
    };
    const failure = failureOf(result, timeout);
    if (failure === undefined) return jsonResult({ output: outputOf(result, args), ...notes });
    throw new ToolError(
      JSON.stringify({
        error: failure,
        ...(result.exitCode !== null && { exitCode: result.exitCode }),
        ...(args.stdout && result.stdout !== "" && { stdout: result.stdout }),
        ...(args.stderr && result.stderr !== "" && { stderr: result.stderr }),
        ...notes,
      }),
    );
  },
});

function failureOf({ ended, exitCode, signal }: ExecResult, timeout: number): string | undefined {
  switch (ended) {
    case "exit":
      return exitCode === 0 ? undefined : `The command failed with exit code ${exitCode ?? "unknown"}.`;
    case "timeout":
      return `The command timed out after ${timeout} ms and was ended, with all it had started.`;
    case "cancelled":
      return "The command was cancelled.";
    case "signal":
      return `The command was ended from outside by the signal ${signal ?? "unknown"}.`;
    default:
      return assertNever(ended);
  }
}

function outputOf(result: ExecResult, asked: { stdout: boolean; stderr: boolean }): string {
  const output = (asked.stdout ? result.stdout : "") + (asked.stderr ? result.stderr : "");
  return output.trim() === "" ? "Command executed successfully, but produced no output." : output;
}

function ignoredOf(env: Readonly<Record<string, string>>): { ignoredEnv?: string[] } {
  const ignoredEnv = Object.keys(env).filter(isHijacking);
  return ignoredEnv.length > 0 ? { ignoredEnv } : {};
}

function commandLine({ command, args, env, cwd }: z.infer<typeof schema>): string {
  const assignments = Object.entries(env).map(([name, value]) => `${showArgument(name)}=${showArgument(value)}`);
  const whole = [...assignments, ...[command, ...args].map(showArgument)].join(" ");
  const more = whole.length - longestShown;
  const line = more > 0 ? `${whole.slice(0, longestShown)}… (${more} characters more)` : whole;
  return cwd === "." || cwd === "" ? line : `${line} (in ${showArgument(cwd)})`;
}

const outputLimit = 1_000_000;
const longestShown = 4_000;
