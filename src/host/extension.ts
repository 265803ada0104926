/** The extension's table of contents: what it is made of, in the order it is put together. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import { createApp } from "../app/createApp";
import { ApiKeys } from "./apiKeys";
import { Approvals } from "./approvals";
import { commandIds, registerCommands } from "./commands/registerCommands";
import { keepContextKeys } from "./contextKeys";
import { Definitions } from "./definitions";
import { reportDefinitions } from "./diagnostics/definitionDiagnostics";
import { registerExpertLenses } from "./diagnostics/expertLenses";
import { reportFailedRuns } from "./diagnostics/runDiagnostics";
import { registerSpellingFixes } from "./diagnostics/spellingFixes";
import { markFailures } from "./documents/failureMarks";
import { registerLogLanguage } from "./documents/logLanguage";
import { RunDocuments } from "./documents/runDocuments";
import { createEditorHost } from "./editorHost";
import { FailureNavigation } from "./failureNavigation";
import { ModelSelection } from "./modelSelection";
import { writeEvents } from "./output";
import { pruneOldRuns } from "./pruneRuns";
import { RunFacts } from "./runFacts";
import { RunFolders } from "./runFolders";
import { tellWaiting } from "./runNotifications";
import { RunStarter } from "./runStarter";
import { showStatus } from "./statusBar";
import { Timelines } from "./timeline/timelines";
import { showProgress } from "./viewProgress";
import { ExpertsView } from "./views/expertsView";
import { RunsView } from "./views/runsView";
import { watchFolders } from "./watchFolders";

/** The editor asks `deactivate` for what `activate` made, and passes nothing on. */
let shutdown: (() => Promise<void>) | undefined;

/** What other extensions, and tests, may use. */
export interface Runtrail {
  readonly app: App;
  readonly runsView: RunsView;
}

export function activate(context: vscode.ExtensionContext): Runtrail {
  const { subscriptions, secrets, globalState, workspaceState, extension } = context;
  const own = <T extends vscode.Disposable>(part: T): T => {
    subscriptions.push(part);
    return part;
  };
  const log = own(vscode.window.createOutputChannel("Runtrail", { log: true }));
  const keys = new ApiKeys(secrets, globalState);
  const approvals = own(new Approvals(workspaceState));
  const host = createEditorHost({ keys, approvals, log, context });
  const app = own(createApp(host));
  shutdown = () => app.shutdown();

  const facts = own(new RunFacts(app.runs, (error) => host.reportError(error, "Following the runs")));
  const definitions = own(new Definitions(app, host.reportError));
  const models = own(new ModelSelection(workspaceState));
  const runFolders = own(new RunFolders(app, workspaceState, host.reportError));
  const contextKeys = own(keepContextKeys(app, facts, definitions, approvals, runFolders));
  const runsView = own(new RunsView(app, facts, approvals, runFolders));
  const expertsView = own(new ExpertsView(app, facts, definitions, approvals, models));
  const documents = own(new RunDocuments(app));
  const navigation = new FailureNavigation({ app, runsView, documents, definitions });
  const starter = new RunStarter(app, runsView, definitions, models);

  own(writeEvents(app, log));
  own(showStatus(app, facts, approvals));
  own(showProgress(app, approvals));
  own(registerLogLanguage(documents));
  own(markFailures(documents));
  own(reportDefinitions(definitions));
  own(reportFailedRuns(app, facts, definitions));
  own(registerSpellingFixes());
  own(registerExpertLenses(app, facts, definitions, approvals));
  const pruning = own(pruneOldRuns(app, log, host.reportError));
  const views = { documents, expertsView, navigation, runFolders, runsView };
  const timelines = own(
    new Timelines({
      app,
      extension: context.extensionUri,
      redact: host.redact,
      reportError: host.reportError,
      waitingRuns: () => approvals.waitingRuns(),
    }),
  );
  const parts = { ...views, app, approvals, definitions, keys, log, models, redact: host.redact, starter, timelines };
  own(registerCommands(parts, commandIds(extension)));
  let isFirstLook = true;
  const onRead = () => {
    facts.readAll();
    contextKeys.setLoaded();
    timelines.setRead();
    if (isFirstLook) void tellWaiting(facts.questions());
    isFirstLook = false;
    runFolders.begin();
    pruning.begin();
  };
  own(watchFolders(app, definitions, onRead, host.reportError));
  return { app, runsView };
}

/** Waits until every run has ended and is recorded. */
export async function deactivate(): Promise<void> {
  await shutdown?.();
}
