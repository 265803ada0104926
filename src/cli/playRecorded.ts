/** What `fork`, `rerun` and `retry` share: the run is printed for programs, or with `--pretty` shown to a person. */
import { exitCodes } from "../app/exitCodes";
import { messageOf } from "../base/errors";
import type { CliContext } from "./cliCommand";
import type { ForkOptions } from "./commands/fork";
import { listEditable } from "./forkPoint";
import type { GoOnCommand } from "./howToGoOn";
import type { Launch } from "./launchRequest";
import { createLineWriter } from "./lineWriter";
import { printRun } from "./printRun";
import { findRecorded } from "./recordedRun";
import { type ModelOptions, type PrintOptions, termsOf } from "./runOptions";
import { watchRun } from "./watchRun";

export function goOnCommandOf({ pretty, config, workspace }: ModelOptions & PrintOptions): GoOnCommand {
  return { name: pretty ? "start" : "run", config, workspace };
}

/** @returns the exit code. Throws `UserError`. */
export async function playRecorded(
  launch: Launch,
  options: ModelOptions & PrintOptions,
  context: CliContext,
): Promise<number> {
  const command = goOnCommandOf(options);
  if (!options.pretty) return await printRun(launch, options, command, context);
  const terms = await termsOf(options, context.io);
  return await watchRun(launch, { terms, verbose: options.verbose }, command, context);
}

/** `fork --list`. Throws `UserError`. */
export async function printEditable(id: string, options: ForkOptions, { io, openApp }: CliContext): Promise<number> {
  const lines = createLineWriter(io.stdout, () => undefined);
  const app = await openApp({
    env: io.env,
    readSecrets: async () => ({}),
    askApproval: async () => ({ granted: false, by: "list", reason: "nothing is run here", remember: true }),
    reportError: (error, context) => io.stderr.write(`${context}: ${messageOf(error)}\n`),
  });
  try {
    const { run } = await findRecorded(app, id, options, io);
    for (const line of await listEditable(app, run, options)) lines.write(line);
    await lines.flush();
    return exitCodes.finished;
  } finally {
    app.dispose();
  }
}
