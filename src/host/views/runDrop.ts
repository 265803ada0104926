/** Folders and files that are dropped onto the Runs view, from the explorer or the desktop, are opened in it. */
import * as vscode from "vscode";
import type { RunNode } from "./runNodes";

const uriList = "text/uri-list";

export class RunDrop implements vscode.TreeDragAndDropController<RunNode> {
  readonly dropMimeTypes = [uriList, "files"];
  readonly dragMimeTypes = [];

  async handleDrop(_target: RunNode | undefined, data: vscode.DataTransfer): Promise<void> {
    const uris = await droppedUris(data);
    if (uris.length > 0) {
      await vscode.commands.executeCommand("runtrail.openRunFolder", uris);
      return;
    }
    void vscode.window.showInformationMessage(
      "Where this lies is not known here. Use “Runtrail: Open Run Folder…” to open it.",
    );
  }
}

/** A line that begins with # is a comment. A file that a browser hands over may have no place. */
async function droppedUris(data: vscode.DataTransfer): Promise<vscode.Uri[]> {
  const list = await data.get(uriList)?.asString();
  const lines = (list ?? "").split(/\r?\n/u).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const files: vscode.Uri[] = [];
  for (const [, item] of data) {
    const uri = item.asFile()?.uri;
    if (uri) files.push(uri);
  }
  const named = lines.map((line) => vscode.Uri.parse(line.trim())).filter(({ scheme }) => scheme !== "");
  return [...new Map([...named, ...files].map((uri) => [uri.toString(), uri])).values()];
}
