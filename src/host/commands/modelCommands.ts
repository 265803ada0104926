/** The command that chooses the model of new runs: a list of what is usable now, and the way to what is not yet. */
import * as vscode from "vscode";
import type { ProviderChoice } from "../../app/app";
import type { Definition } from "../../model/definition";
import { isDefinition } from "../definitions";
import { listEditorModels } from "../languageModels";
import type { ChosenModel } from "../modelNames";
import { lacksKey, type ModelRow, modelRows } from "../views/modelRows";
import type { CommandParts, Commands } from "./commandParts";

export function modelCommands(parts: CommandParts): Commands {
  return {
    async selectModel() {
      for (;;) {
        const row = await pickRow(parts);
        if (!row) return;
        if ((await take(row, parts)) === "done") return;
      }
    },
  };
}

type Chosen = Exclude<ModelRow, { kind: "separator" }>;

/** "again": what was in the way may be gone now, so the list is shown once more. */
async function take(row: Chosen, { models }: CommandParts): Promise<"done" | "again"> {
  switch (row.kind) {
    case "definition":
      await models.choose(undefined);
      return "done";
    case "model":
      await models.choose(row.chosen);
      return "done";
    case "other": {
      const typed = await askName(row.choice, models.current);
      if (typed === undefined) return "again";
      const { provider, label } = row.choice;
      await models.choose({ provider, label, model: typed });
      return "done";
    }
    case "unusable":
      return await mend(row.choice);
  }
}

async function mend(choice: ProviderChoice): Promise<"done" | "again"> {
  if (lacksKey(choice)) {
    await vscode.commands.executeCommand("runtrail.setApiKey", { provider: choice.provider });
    return "again";
  }
  const again = "Try Again";
  const message = `${choice.label} cannot be used: ${choice.reason}. ${choice.fix}`;
  return (await vscode.window.showInformationMessage(message, again)) === again ? "again" : "done";
}

function askName({ label, provider }: ProviderChoice, current: ChosenModel | undefined): Promise<string | undefined> {
  const box = vscode.window.showInputBox({
    title: `Another Model of ${label}`,
    prompt: "As the provider names it. A name that it does not know fails the run, with its answer.",
    value: current?.provider === provider ? (current.model ?? "") : "",
    validateInput: (text) => (text.trim() === "" ? "A name is not empty." : undefined),
  });
  return Promise.resolve(box).then((text) => text?.trim());
}

/** In a window that has just opened, the extensions that bring models may still be on their way. */
const laterLooks = [1_000, 2_000, 4_000];

interface Item extends vscode.QuickPickItem {
  row?: Chosen;
}

/** Shown at once; the rows come when the providers have answered, the editor's own models sometimes later. */
function pickRow({ app, definitions, models }: CommandParts): Promise<Chosen | undefined> {
  const documents = definitions.list();
  const path = definitionPath(documents.map((document) => document.path));
  const said = documents.map(({ definition }) => saidBy(definition));
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = "Select Model";
  pick.placeholder = "Choose the model of new runs in this workspace";
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  let isOpen = true;
  let shown = "";
  const show = async () => {
    const rows = modelRows(await app.listModels(path), models.current, same(said));
    const content = JSON.stringify(rows);
    // Rows that are set again take back a move that the keyboard made meanwhile.
    if (!isOpen || content === shown) return;
    shown = content;
    const active = pick.activeItems[0]?.label;
    pick.items = rows.map(toItem);
    const current = pick.items.find((item) => item.label === active) ?? pick.items.find(({ row }) => row?.isCurrent);
    if (current) pick.activeItems = [current];
  };
  const fill = async () => {
    await show();
    let found = await listEditorModels();
    if (isOpen && found.length > 0) await show();
    pick.busy = false;
    for (const ms of laterLooks) {
      if (!isOpen || found.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, ms));
      found = await listEditorModels();
      if (isOpen && found.length > 0) await show();
    }
  };
  return new Promise((resolve, reject) => {
    pick.onDidAccept(() => {
      const row = pick.activeItems[0]?.row;
      if (!row) return;
      resolve(row);
      pick.hide();
    });
    pick.onDidHide(() => {
      isOpen = false;
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
    fill().catch((error: unknown) => {
      reject(error);
      pick.hide();
    });
  });
}

function toItem(row: ModelRow): Item {
  if (row.kind === "separator") return { label: row.label, kind: vscode.QuickPickItemKind.Separator };
  const { label, description, detail, isCurrent } = row;
  const icon = isCurrent ? "check" : row.kind === "unusable" ? "circle-slash" : row.kind === "other" ? "edit" : "blank";
  return {
    label,
    iconPath: new vscode.ThemeIcon(icon),
    ...(description !== undefined && { description }),
    ...(detail !== undefined && { detail }),
    row,
  };
}

/** Such as `gpt-5 · openai`. */
function saidBy(definition: Definition | undefined): string {
  return [definition?.model, definition?.provider?.providerName].filter((each) => each !== undefined).join(" · ");
}

/** What all of them say; `undefined` where they say different things, or nothing. */
function same(texts: readonly string[]): string | undefined {
  const [first, ...others] = new Set(texts);
  return others.length === 0 ? first || undefined : undefined;
}

/** The one being edited, else the first: its settings and env files count for what is usable. */
function definitionPath(paths: readonly string[]): string | undefined {
  const document = vscode.window.activeTextEditor?.document;
  const edited = document && isDefinition(document) ? document.uri.fsPath : undefined;
  return paths.find((path) => path === edited) ?? paths[0];
}
