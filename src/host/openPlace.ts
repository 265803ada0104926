/** Opens a file at a place and puts it in the middle of the screen. */
import * as vscode from "vscode";
import { messageOf, type SourceLocation, UserError } from "../base/errors";

export async function openPlace({ path, line = 1, column = 1 }: SourceLocation): Promise<vscode.TextEditor> {
  const at = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
  const editor = await vscode.window.showTextDocument(vscode.Uri.file(path));
  showLine(editor, at);
  return editor;
}

/**
 * A file that another system wrote: at a place of it, else as the editor shows such a file. The focus stays in the tree.
 * Throws `UserError` where there is no file, or none of text.
 */
export async function openFileAt(place: SourceLocation): Promise<void> {
  const uri = vscode.Uri.file(place.path);
  const stats = await Promise.resolve(vscode.workspace.fs.stat(uri)).catch(() => undefined);
  if (!stats) throw new UserError(`${place.path} is not there any more.`);
  if (stats.type & vscode.FileType.Directory) {
    await vscode.commands.executeCommand("revealInExplorer", uri);
    return;
  }
  const options = { preview: true, preserveFocus: true };
  if (place.line === undefined) {
    await vscode.commands.executeCommand("vscode.open", uri, options);
    return;
  }
  try {
    const at = new vscode.Position(Math.max(0, place.line - 1), Math.max(0, (place.column ?? 1) - 1));
    showLine(await vscode.window.showTextDocument(uri, options), at);
  } catch (error) {
    throw new UserError(`${place.path} cannot be shown as text: ${messageOf(error)}`);
  }
}

export function showLine(editor: vscode.TextEditor, at: vscode.Position): void {
  const safe = editor.document.validatePosition(at);
  editor.selection = new vscode.Selection(safe, safe);
  editor.revealRange(new vscode.Range(safe, safe), vscode.TextEditorRevealType.InCenter);
}
