/** Lets the user change a text: in the input box what fits on its line, else in an editor, as long as that takes. */
import * as vscode from "vscode";
import { oneLine } from "../../model/plainText";

const lineLimit = 300;

/** `undefined` where the user leaves it. */
export async function askText(title: string, text: string, done: string): Promise<string | undefined> {
  const fitsOnLine = text.length <= lineLimit && oneLine(text, lineLimit) === text;
  if (fitsOnLine) return await vscode.window.showInputBox({ title, value: text, ignoreFocusOut: true });
  const document = await vscode.workspace.openTextDocument({ content: text, language: "markdown" });
  await vscode.window.showTextDocument(document, { preview: false });
  const message = `${title}: change the text in the editor, then go on here.`;
  const choice = await vscode.window.showInformationMessage(message, done);
  if (choice !== done) return undefined;
  const changed = document.getText();
  await discard(document);
  return changed;
}

/** Only where it can be taken off the screen without a question: the editor asks before it drops a text. */
async function discard(document: vscode.TextDocument): Promise<void> {
  if (document.isClosed) return;
  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
}
