/** Marks the failures of a run's log: in the text, in the margin and in the overview ruler. */
import * as vscode from "vscode";
import { DisposableStore } from "../../base/disposable";
import type { FailureGrade } from "../../model/failure";
import { failureLines } from "./logOutline";
import type { RunDocuments } from "./runDocuments";

const colors: Record<FailureGrade, { text: string; ruler: string }> = {
  fatal: { text: "list.errorForeground", ruler: "editorOverviewRuler.errorForeground" },
  blocked: { text: "list.warningForeground", ruler: "editorOverviewRuler.warningForeground" },
  recovered: { text: "list.warningForeground", ruler: "editorOverviewRuler.infoForeground" },
};

export function markFailures(documents: RunDocuments): vscode.Disposable {
  const own = new DisposableStore();
  const types = Object.entries(colors).map(([grade, { text, ruler }]) => ({
    grade,
    type: own.add(
      vscode.window.createTextEditorDecorationType({
        isWholeLine: true,
        color: new vscode.ThemeColor(text),
        overviewRulerColor: new vscode.ThemeColor(ruler),
        overviewRulerLane: vscode.OverviewRulerLane.Right,
        ...(grade === "fatal" && {
          fontWeight: "bold",
          backgroundColor: new vscode.ThemeColor("inputValidation.errorBackground"),
        }),
      }),
    ),
  }));
  const mark = (editor: vscode.TextEditor) => {
    const log = documents.logOf(editor.document.uri);
    if (!log) return;
    const marks = failureLines(log.lines, log.run.failures, log.part);
    for (const { grade, type } of types) {
      const ranges = marks.filter(({ failure }) => failure.grade === grade).map(({ line }) => lineRange(editor, line));
      editor.setDecorations(type, ranges);
    }
  };
  const markAll = (editors: readonly vscode.TextEditor[]) => {
    for (const editor of editors) mark(editor);
  };
  own.add(vscode.window.onDidChangeVisibleTextEditors(markAll));
  own.add(
    vscode.workspace.onDidChangeTextDocument(({ document }) =>
      markAll(vscode.window.visibleTextEditors.filter((editor) => editor.document === document)),
    ),
  );
  markAll(vscode.window.visibleTextEditors);
  return own;
}

function lineRange(editor: vscode.TextEditor, line: number): vscode.Range {
  return editor.document.lineAt(Math.min(line, editor.document.lineCount - 1)).range;
}
