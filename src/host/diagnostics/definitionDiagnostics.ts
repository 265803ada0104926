/** What is wrong in a `perstack.toml`, in the Problems panel and under the text, while one types. */
import * as vscode from "vscode";
import { DisposableStore } from "../../base/disposable";
import type { DefinitionProblem } from "../../model/definition";
import type { Definitions } from "../definitions";
import { editorRange } from "./textRange";

export function reportDefinitions(definitions: Definitions): vscode.Disposable {
  const own = new DisposableStore();
  const collection = own.add(vscode.languages.createDiagnosticCollection("runtrail"));
  let reported = new Set<string>();
  const report = () => {
    const documents = definitions.list();
    const now = new Set(documents.map(({ path }) => path));
    for (const file of reported) if (!now.has(file)) collection.delete(vscode.Uri.file(file));
    for (const { path, problems } of documents) collection.set(vscode.Uri.file(path), problems.map(diagnosticOf));
    reported = now;
  };
  own.add(definitions.onDidChange(report));
  return own;
}

function diagnosticOf({ severity, code, message, range }: DefinitionProblem): vscode.Diagnostic {
  const level = severity === "error" ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
  const diagnostic = new vscode.Diagnostic(editorRange(range), message, level);
  diagnostic.source = "Runtrail";
  diagnostic.code = code;
  return diagnostic;
}
