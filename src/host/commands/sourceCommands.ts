/** Commands about run folders of other systems: opening them in the Runs view, and taking them off its list. */
import * as path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../base/errors";
import type { RunNode } from "../views/runNodes";
import type { CommandParts, Commands } from "./commandParts";

export function sourceCommands(parts: CommandParts): Commands {
  const { app, runFolders, runsView } = parts;

  const isInside = (root: string, file: string) => file === root || file.startsWith(root + path.sep);
  /** Where nothing can be read there is nothing to keep. */
  const isEmpty = (root: string) =>
    app.runs.sources().some((source) => source.source === undefined && source.path === root);

  return {
    async openRunFolder(argument) {
      const uris = urisOf(argument) ?? (await askPlace());
      if (uris.length === 0) return;
      const remote = uris.find(({ scheme }) => scheme !== "file");
      if (remote) throw new UserError(`${remote.toString(true)} is not on this machine's disk, and cannot be read.`);
      const roots = uris.map(({ fsPath }) => path.resolve(fsPath));
      await vscode.window.withProgress({ location: { viewId: "runtrail.runs" } }, () => runFolders.open(roots));
      const empty = roots.filter(isEmpty);
      if (empty.length > 0) await runFolders.remove(empty);
      const found = roots.filter((root) => !empty.includes(root));
      const run = app.runs
        .list()
        .find(({ root = "", dir }) => found.some((each) => each === root || isInside(each, dir)));
      await vscode.commands.executeCommand("runtrail.runs.focus");
      if (run) await runsView.reveal(run.dir, {}, true);
      if (empty.length > 0) throw await nothingIn(empty);
    },
    async removeFromList(argument) {
      const root = rootOf(argument, parts) ?? (await askOpened(parts));
      if (root === undefined) return;
      await runFolders.remove([root]);
      vscode.window.setStatusBarMessage(`${path.basename(root)} was taken off the list. Its files stay.`, 4000);
    },
  };
}

/** What the explorer, a drop or another extension passes on; `undefined` where it is to be asked. */
function urisOf(argument: unknown): vscode.Uri[] | undefined {
  const given = Array.isArray(argument) ? argument : [argument];
  const uris = given.filter((each) => each instanceof vscode.Uri);
  return uris.length > 0 ? uris : undefined;
}

/** Only macOS has a dialog that takes both. */
async function askPlace(): Promise<vscode.Uri[]> {
  const title = "Open Run Folder";
  const options = { title, openLabel: "Open", canSelectMany: true };
  if (process.platform === "darwin") {
    const both = { ...options, canSelectFiles: true, canSelectFolders: true };
    return (await vscode.window.showOpenDialog(both)) ?? [];
  }
  const items = [
    { label: "$(folder) Folder…", description: "a run folder, or one with run folders in it", isFolder: true },
    { label: "$(file) File…", description: "an event log, a trace or a session file", isFolder: false },
  ];
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: "What do you want to open?" });
  if (!picked) return [];
  const kind = { canSelectFiles: !picked.isFolder, canSelectFolders: picked.isFolder };
  return (await vscode.window.showOpenDialog({ ...options, ...kind })) ?? [];
}

async function nothingIn(roots: readonly string[]): Promise<UserError> {
  const { formats } = await import("../../app/deferred");
  const systems = ["Runtrail", ...formats.map(({ label }) => label)];
  const known = `${systems.slice(0, -1).join(", ")} and ${systems.at(-1)}`;
  return new UserError(`There is no run that can be read in ${roots.join(", ")}. Runtrail reads what ${known} record.`);
}

function rootOf(argument: unknown, { runFolders, runsView }: CommandParts): string | undefined {
  const node = argument ?? runsView.view.selection[0];
  const root = isNode(node) ? runsView.rootOf(node) : undefined;
  return root !== undefined && runFolders.has(root) ? root : undefined;
}

function isNode(argument: unknown): argument is RunNode {
  return typeof argument === "object" && argument !== null && "kind" in argument && "id" in argument;
}

async function askOpened({ runFolders }: CommandParts): Promise<string | undefined> {
  const [only, ...more] = runFolders.list();
  if (only === undefined) {
    void vscode.window.showInformationMessage("Nothing was opened with “Open Run Folder…”.");
    return undefined;
  }
  const items = [only, ...more].map((root) => ({ label: path.basename(root), description: path.dirname(root), root }));
  const options = { title: "Remove from List", placeHolder: "Its files stay where they are" };
  return (await vscode.window.showQuickPick(items, options))?.root;
}
