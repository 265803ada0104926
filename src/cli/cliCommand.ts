/** The contract of a command: it adds itself to the program; its action ends in an exit code. */
import type { Command } from "commander";
import type { App, AppHost } from "../app/app";
import type { CliIo } from "./cliIo";

export interface CliContext {
  io: CliIo;
  /** Loads the application: only for the commands that need it. */
  openApp(host: AppHost): Promise<App>;
  /** To be called once, with what the action came to. */
  finish(exitCode: number): void;
}

export interface CliCommand {
  readonly name: string;
  /** Cheap: what the action needs is loaded by the action. */
  register(program: Command, context: CliContext): void;
}
