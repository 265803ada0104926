/** The commands, in the order of the help. */
import type { CliCommand } from "../cliCommand";
import { checkCommand } from "./check";
import { exportCommand } from "./export";
import { failuresCommand } from "./failures";
import { forkCommand } from "./fork";
import { inspectCommand } from "./inspect";
import { installCommand } from "./install";
import { logCommand } from "./log";
import { modelsCommand } from "./models";
import { pruneCommand } from "./prune";
import { rerunCommand } from "./rerun";
import { retryCommand } from "./retry";
import { runCommand } from "./run";
import { searchCommand } from "./search";
import { startCommand } from "./start";

export const commands: readonly CliCommand[] = [
  runCommand,
  startCommand,
  forkCommand,
  rerunCommand,
  retryCommand,
  logCommand,
  searchCommand,
  inspectCommand,
  failuresCommand,
  exportCommand,
  checkCommand,
  modelsCommand,
  installCommand,
  pruneCommand,
];
