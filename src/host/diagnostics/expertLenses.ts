/** The CodeLens over each expert: run it, stop it, and how its last run went. */
import * as vscode from "vscode";
import type { App } from "../../app/app";
import type { RunSummary } from "../../app/runIndex";
import { DisposableStore } from "../../base/disposable";
import { assertNever } from "../../base/errors";
import type { ExpertEntry } from "../../model/definition";
import { formatDuration } from "../../model/formatting";
import type { Approvals } from "../approvals";
import type { Definitions } from "../definitions";
import type { RunFacts } from "../runFacts";
import { errorsOf, expertNode } from "../views/expertTree";
import { lastRunOf } from "../views/lastRun";
import { statusOfRun } from "../views/runRows";
import { editorRange } from "./textRange";

export function registerExpertLenses(
  app: App,
  facts: RunFacts,
  definitions: Definitions,
  approvals: Approvals,
): vscode.Disposable {
  const own = new DisposableStore();
  const changed = own.add(new vscode.EventEmitter<void>());
  let shown = "";
  const lensesOf = (file: string): vscode.CodeLens[] => {
    const runs = app.runs.list();
    return (definitions.get(file)?.experts ?? []).flatMap((entry) => {
      const range = editorRange(entry.range);
      const commands = [
        ...runLens(file, entry),
        ...lastRunLenses(lastRunOf(runs, file, entry.key), approvals.waitingRuns()),
      ];
      return commands.map((command) => new vscode.CodeLens(range, command));
    });
  };
  const refresh = () => {
    const next = JSON.stringify(definitions.list().map(({ path }) => lensesOf(path)));
    if (next === shown) return;
    shown = next;
    changed.fire();
  };
  own.add(facts.onDidChange(({ isStanding }) => isStanding && refresh()));
  own.add(approvals.onDidChange(refresh));
  own.add(definitions.onDidChange(() => changed.fire()));
  own.add(vscode.workspace.onDidGrantWorkspaceTrust(() => changed.fire()));
  own.add(
    vscode.languages.registerCodeLensProvider(
      { scheme: "file", pattern: "**/perstack.toml" },
      { onDidChangeCodeLenses: changed.event, provideCodeLenses: ({ uri }) => lensesOf(uri.fsPath) },
    ),
  );
  return own;
}

function runLens(file: string, entry: ExpertEntry): vscode.Command[] {
  if (errorsOf(entry).length > 0 || !vscode.workspace.isTrusted) return [];
  const node = expertNode(file, entry.key);
  return [
    { title: withIcon("play", "Run"), tooltip: `Run ${entry.key}`, command: "runtrail.runExpert", arguments: [node] },
  ];
}

function lastRunLenses(run: RunSummary | undefined, waiting: ReadonlySet<string>): vscode.Command[] {
  if (!run) return [];
  const lens = (icon: string, text: string, command: string): vscode.Command => ({
    title: withIcon(icon, text),
    command: `runtrail.${command}`,
    arguments: [run.dir],
  });
  const took = run.finishedAt === undefined ? "" : ` in ${formatDuration(run.finishedAt - run.startedAt)}`;
  const status = statusOfRun(run, waiting);
  switch (status) {
    case "queued":
      return [lens("watch", "Waits for its turn", "revealRun"), lens("debug-stop", "Stop", "stopRun")];
    case "running":
      return [
        lens("loading~spin", "Running", "revealRun"),
        ...(run.isHere ? [lens("debug-stop", "Stop", "stopRun")] : []),
      ];
    case "waiting":
      return [lens("bell-dot", "Waits for approval · answer", "answerApproval"), lens("debug-stop", "Stop", "stopRun")];
    case "input":
      return [lens("comment-unresolved", "Waits for your answer · answer", "answerQuestion")];
    case "ok":
      return [lens("pass", `Last run finished${took} · open log`, "openRunLog")];
    case "partial":
      return [lens("warning", "Last run finished, though a part failed · go to failing step", "goToFailingStep")];
    case "fatal":
    case "blocked":
    case "recovered":
      return run.failure
        ? [lens("error", "Last run failed · go to failing step", "goToFailingStep")]
        : [lens("circle-slash", "Last run stopped · open log", "openRunLog")];
    case "cancelled":
      return [lens("circle-slash", "Last run cancelled · open log", "openRunLog")];
    case "skipped":
    case "unknown":
      return [lens("question", "Last run did not end · open log", "openRunLog")];
    default:
      return assertNever(status);
  }
}

/** A plain space after an icon collapses in a lens. */
function withIcon(icon: string, text: string): string {
  return `$(${icon})\u00a0${text}`;
}
