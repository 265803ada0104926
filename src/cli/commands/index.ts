/** The commands, in the order of the help. */
import type { CliCommand } from "../cliCommand";
import { checkCommand } from "./check";
import { installCommand } from "./install";
import { logCommand } from "./log";
import { pruneCommand } from "./prune";
import { runCommand } from "./run";
import { startCommand } from "./start";

export const commands: readonly CliCommand[] = [
  runCommand,
  startCommand,
  logCommand,
  checkCommand,
  installCommand,
  pruneCommand,
];
