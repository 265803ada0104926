/** Asks for the model of one run, among those that can be used now. */
import * as vscode from "vscode";
import type { App, ProviderChoice } from "../../app/app";

export interface ModelOfRun {
  provider: string;
  /** Absent: the provider chooses. */
  model?: string;
}

interface ModelItem extends vscode.QuickPickItem {
  chosen?: ModelOfRun;
  /** The provider whose other models can be named. */
  other?: ProviderChoice;
}

export async function askModel(app: App, definitionPath: string, title: string): Promise<ModelOfRun | undefined> {
  const items = app
    .listModels(definitionPath)
    .then((choices) => choices.filter(({ usable }) => usable).flatMap(itemsOf));
  const placeHolder = "Choose the model to go on with";
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  if (!picked?.other) return picked?.chosen;
  const { provider, label } = picked.other;
  const model = await vscode.window.showInputBox({
    title: `Another Model of ${label}`,
    prompt: "As the provider names it.",
    validateInput: (text) => (text.trim() === "" ? "A name is not empty." : undefined),
  });
  return model === undefined ? undefined : { provider, model: model.trim() };
}

function itemsOf(choice: ProviderChoice): ModelItem[] {
  const { provider, label, models, isOpen } = choice;
  return [
    { label, kind: vscode.QuickPickItemKind.Separator },
    ...models.map(({ id, name, detail }): ModelItem => {
      return {
        label: name ?? id ?? label,
        ...(detail !== undefined && { description: detail }),
        chosen: { provider, ...(id !== undefined && { model: id }) },
      };
    }),
    ...(isOpen ? [{ label: "$(edit) Another model…", description: label, other: choice }] : []),
  ];
}
