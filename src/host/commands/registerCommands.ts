/** Registers every command of the manifest; what one throws is told to the user. */
import * as vscode from "vscode";
import { DisposableStore } from "../../base/disposable";
import { UserError } from "../../base/errors";
import { openPlace } from "../openPlace";
import type { CommandParts } from "./commandParts";
import { continueCommands } from "./continueCommands";
import { definitionCommands } from "./definitionCommands";
import { deleteCommands } from "./deleteCommands";
import { failureCommands } from "./failureCommands";
import { forkCommands } from "./forkCommands";
import { inputCommands } from "./inputCommands";
import { keyCommands } from "./keyCommands";
import { modelCommands } from "./modelCommands";
import { navigationCommands } from "./navigationCommands";
import { runCommands } from "./runCommands";
import { sourceCommands } from "./sourceCommands";

export function registerCommands(parts: CommandParts): vscode.Disposable {
  const own = new DisposableStore();
  const groups = [
    runCommands,
    navigationCommands,
    failureCommands,
    definitionCommands,
    keyCommands,
    modelCommands,
    deleteCommands,
    inputCommands,
    continueCommands,
    forkCommands,
    sourceCommands,
  ];
  for (const [name, run] of groups.flatMap((group) => Object.entries(group(parts)))) {
    own.add(
      vscode.commands.registerCommand(`runtrail.${name}`, async (argument: unknown) => {
        try {
          await run(argument);
        } catch (error) {
          await tellError(error, parts, name);
        }
      }),
    );
  }
  return own;
}

async function tellError(error: unknown, { log, redact }: CommandParts, name: string): Promise<void> {
  if (error instanceof UserError) {
    const { message, location } = error;
    const open = "Open File";
    const choice = await vscode.window.showErrorMessage(redact(message), ...(location ? [open] : []));
    if (choice === open && location) await openPlace(location);
    return;
  }
  log.error(redact(`Command ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
  const show = "Show Output";
  const message = redact(error instanceof Error ? error.message : String(error));
  if ((await vscode.window.showErrorMessage(`Runtrail could not do this: ${message}`, show)) === show) log.show();
}
