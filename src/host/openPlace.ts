/** Opens a file at a place and puts it in the middle of the screen. */
import * as vscode from "vscode";
import type { SourceLocation } from "../base/errors";

export async function openPlace({ path, line = 1, column = 1 }: SourceLocation): Promise<vscode.TextEditor> {
  const at = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
  const editor = await vscode.window.showTextDocument(vscode.Uri.file(path));
  showLine(editor, at);
  return editor;
}

export function showLine(editor: vscode.TextEditor, at: vscode.Position): void {
  const safe = editor.document.validatePosition(at);
  editor.selection = new vscode.Selection(safe, safe);
  editor.revealRange(new vscode.Range(safe, safe), vscode.TextEditorRevealType.InCenter);
}
