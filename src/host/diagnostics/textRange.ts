/** A range of a definition as the editor counts: from 0. */
import * as vscode from "vscode";
import type { TextRange } from "../../model/definition";

export function editorRange({ line, column, endLine, endColumn }: TextRange): vscode.Range {
  return new vscode.Range(line - 1, column - 1, endLine - 1, endColumn - 1);
}
