/** Registers every command of the manifest; what one throws is told to the user. */
import * as vscode from "vscode";
import { DisposableStore } from "../../base/disposable";
import { UserError } from "../../base/errors";
import { openPlace } from "../openPlace";
import type { CommandParts, Commands } from "./commandParts";

const prefix = "runtrail.";

/** @param ids of the manifest; what they do is loaded with the first that is called */
export function registerCommands(parts: CommandParts, ids: readonly string[]): vscode.Disposable {
  const own = new DisposableStore();
  let commands: Promise<Commands> | undefined;
  const find = async (name: string) => {
    commands ??= import("../deferred").then(({ createCommands }) => createCommands(parts));
    const command = (await commands)[name];
    if (!command) throw new Error(`The manifest has a command ${name} that nothing does.`);
    return command;
  };
  for (const id of ids) {
    const name = id.slice(prefix.length);
    own.add(
      vscode.commands.registerCommand(id, async (argument: unknown) => {
        try {
          await (await find(name))(argument);
        } catch (error) {
          await tellError(error, parts, name);
        }
      }),
    );
  }
  return own;
}

/** Of the manifest, which VS Code has read already. */
export function commandIds({ packageJSON }: vscode.Extension<unknown>): string[] {
  const { commands } = packageJSON.contributes as { commands: { command: string }[] };
  return commands.map(({ command }) => command);
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
