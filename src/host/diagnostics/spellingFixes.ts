/** The quick fix for a mistyped name in a `perstack.toml`: the one that its problem suggests. */
import * as vscode from "vscode";

export function registerSpellingFixes(): vscode.Disposable {
  return vscode.languages.registerCodeActionsProvider(
    { scheme: "file", pattern: "**/perstack.toml" },
    {
      provideCodeActions: (document, _range, { diagnostics }) =>
        diagnostics.flatMap((diagnostic) => {
          const [, word] = /Did you mean “([^”]+)”\?/u.exec(diagnostic.message) ?? [];
          return diagnostic.source === "Runtrail" && word ? [fix(document, diagnostic, word)] : [];
        }),
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
  );
}

function fix(document: vscode.TextDocument, diagnostic: vscode.Diagnostic, word: string): vscode.CodeAction {
  const [quote = ""] = /^["']/u.exec(document.getText(diagnostic.range)) ?? [];
  const action = new vscode.CodeAction(`Change to “${word}”`, vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, diagnostic.range, quote + word + quote);
  action.diagnostics = [diagnostic];
  action.isPreferred = true;
  return action;
}
