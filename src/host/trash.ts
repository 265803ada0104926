/** The trash of the machine, where it has one for what the editor deletes. */
import * as vscode from "vscode";

/** The trash belongs to the machine in front of the user: what lies on a server, in a container or in WSL has none. */
export function hasTrash(): boolean {
  return vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
}

/** Throws where the trash does not take it, such as from a network drive. */
export async function moveToTrash(dir: string): Promise<void> {
  await vscode.workspace.fs.delete(vscode.Uri.file(dir), { recursive: true, useTrash: true });
}
