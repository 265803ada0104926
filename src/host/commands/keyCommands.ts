/** Commands that keep API keys in the editor's secret storage. */
import * as vscode from "vscode";
import type { CommandParts, Commands } from "./commandParts";

export function keyCommands({ keys }: CommandParts): Commands {
  return {
    async setApiKey() {
      const name = await pickName(new Set(keys.storedNames()));
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

/** One row for each key of each provider. */
async function pickName(stored: ReadonlySet<string>): Promise<string | undefined> {
  const { providers } = await import("../../app/deferred");
  const items = providers.flatMap(({ label, keyNames }) =>
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
