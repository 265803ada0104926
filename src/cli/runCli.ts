/** The command line as a function: arguments and io in, exit code out. */
import { Command, CommanderError } from "commander";
import type { App, AppHost } from "../app/app";
import { exitCodes } from "../app/exitCodes";
import { runtimeVersion } from "../app/version";
import { UserError } from "../base/errors";
import type { CliIo } from "./cliIo";
import { commands } from "./commands/index";
import { exitCodeHelp } from "./describeEnding";

/** @param args what stands behind the program's name. */
export async function runCli(
  args: readonly string[],
  io: CliIo,
  openApp: (host: AppHost) => Promise<App> = openRealApp,
): Promise<number> {
  let exitCode: number = exitCodes.finished;
  const program = createProgram(io);
  const finish = (code: number) => {
    exitCode = code;
  };
  for (const command of commands) command.register(program, { io, openApp, finish });
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const usage = isPerstacks(args) ? 1 : exitCodes.usage;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.finished : usage;
    if (error instanceof UserError) {
      io.stderr.write(`${error.toDisplay()}\n`);
      return usage;
    }
    io.stderr.write(`This is a bug in runtrail:\n${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCodes.failed;
  }
}

/** In the place of `perstack run`, which has one exit code for all that keeps a run from beginning. */
function isPerstacks(args: readonly string[]): boolean {
  return args.some(
    (arg, index) => arg === "--events=perstack" || (arg === "perstack" && args[index - 1] === "--events"),
  );
}

function createProgram(io: CliIo): Command {
  return new Command("runtrail")
    .description("Runs, watches and debugs AI experts defined in perstack.toml.")
    .version(runtimeVersion)
    .addHelpText("after", exitCodeHelp)
    .exitOverride()
    .showHelpAfterError("(--help says what there is)")
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
    });
}

async function openRealApp(host: AppHost): Promise<App> {
  const { createApp } = await import("../app/createApp");
  return createApp(host);
}
