/** A diagnostic on the definition of each expert whose last run failed, with a link to the failing step. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { RunSummary } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { oneLine } from "../../model/plainText";
import type { Definitions } from "../definitions";
import { shortId } from "../documents/runAddress";
import type { RunFacts } from "../runFacts";
import { failedExperts } from "./lastRuns";
import { editorRange } from "./textRange";

export function reportFailedRuns(app: App, facts: RunFacts, definitions: Definitions): vscode.Disposable {
  const own = new DisposableStore();
  const collection = own.add(vscode.languages.createDiagnosticCollection("runtrail-runs"));
  let shown = "";
  const report = () => {
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const run of failedExperts(app.runs.list())) {
      const entry = run.definitionPath && definitions.expert(run.definitionPath, run.expertKey);
      if (!run.definitionPath || !entry) continue;
      const diagnostics = byFile.get(run.definitionPath) ?? [];
      byFile.set(run.definitionPath, [...diagnostics, diagnosticOf(run, editorRange(entry.range))]);
    }
    const next = JSON.stringify([...byFile]);
    if (next === shown) return;
    shown = next;
    collection.clear();
    for (const [file, diagnostics] of byFile) collection.set(vscode.Uri.file(file), diagnostics);
  };
  own.add(facts.onDidChange(({ isStanding }) => isStanding && report()));
  own.add(definitions.onDidChange(report));
  return own;
}

function diagnosticOf(run: RunSummary, range: vscode.Range): vscode.Diagnostic {
  const step = run.failure && run.failure.step > 0 ? ` at step ${run.failure.step}` : "";
  const reason = run.failure ? `: ${oneLine(run.failure.reason, 300)}` : "";
  const message = `The last run of ${run.expertKey} failed${step}${reason}`;
  const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Warning);
  diagnostic.source = "Runtrail";
  const argument = encodeURIComponent(JSON.stringify([run.dir]));
  diagnostic.code = {
    value: `run ${shortId(run.runId)}`,
    target: vscode.Uri.parse(`command:runtrail.goToFailingStep?${argument}`),
  };
  return diagnostic;
}
