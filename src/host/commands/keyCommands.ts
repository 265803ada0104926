/** Commands that keep API keys in the editor's secret storage. */
import * as vscode from "vscode";
import { isRecord } from "../../model/toolText";
import type { CommandParts, Commands } from "./commandParts";

export function keyCommands({ keys }: CommandParts): Commands {
  return {
    /** The argument may name a provider. */
    async setApiKey(argument) {
      const provider = isRecord(argument) ? argument.provider : undefined;
      const name = await pickName(new Set(keys.storedNames()), provider);
      if (!name) return;
      const value = await vscode.window.showInputBox({
        title: `Set ${name}`,
        prompt: "Kept in the secret storage of the editor, never in a file of the workspace.",
        placeHolder: "Paste the key",
        password: true,
        ignoreFocusOut: true,
        validateInput: (text) => (text.trim() === "" ? "A key is not empty." : undefined),
      });
      if (!value) return;
      await keys.set(name, value.trim());
      void vscode.window.showInformationMessage(`${name} is stored. The next run uses it.`);
    },
    async removeApiKey() {
      const names = keys.storedNames();
      if (names.length === 0) {
        void vscode.window.showInformationMessage("No API key is stored in this editor.");
        return;
      }
      const name = await vscode.window.showQuickPick([...names], {
        title: "Remove API Key",
        placeHolder: "Choose the key to remove",
      });
      if (!name) return;
      await keys.remove(name);
      void vscode.window.showInformationMessage(`${name} is removed.`);
    },
  };
}

/** One row for each key of each provider, or of the one that is meant. Asks only where there is more than one. */
async function pickName(stored: ReadonlySet<string>, wanted: unknown): Promise<string | undefined> {
  const { providers } = await import("../../app/deferred");
  const meant = providers.filter(({ name }) => name === wanted);
  const [only, ...more] = meant.flatMap(({ keyNames }) => keyNames);
  if (only !== undefined && more.length === 0) return only;
  const items = (meant.length > 0 ? meant : providers).flatMap(({ label, keyNames }) =>
    keyNames.map((name) => ({
      label,
      description: name,
      detail: stored.has(name) ? "$(check) stored, a new key replaces it" : "",
      name,
    })),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: "Set API Key",
    placeHolder: "Choose a provider",
    matchOnDescription: true,
  });
  return picked?.name;
}
