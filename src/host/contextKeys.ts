/** The context keys that the manifest's `when` clauses ask for. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import { DisposableStore } from "../base/disposable";
import type { Approvals } from "./approvals";
import type { Definitions } from "./definitions";
import { openQuestions } from "./openQuestions";
import type { RunFolders } from "./runFolders";

export function keepContextKeys(
  app: App,
  definitions: Definitions,
  approvals: Approvals,
  runFolders: RunFolders,
): vscode.Disposable & { setLoaded(): void } {
  const own = new DisposableStore();
  const last = new Map<string, unknown>();
  const set = (key: string, value: unknown) => {
    if (last.get(key) === value) return;
    last.set(key, value);
    void vscode.commands.executeCommand("setContext", `runtrail.${key}`, value);
  };
  const showRuns = () => {
    const runs = app.runs.list();
    set("hasRuns", runs.length > 0);
    set(
      "hasFailures",
      runs.some(({ failure }) => failure !== undefined),
    );
    set("activeRuns", app.active.length);
    set("questions", openQuestions(runs).length);
  };
  own.add(app.runs.onDidChange(showRuns));
  own.add(definitions.onDidChange(() => set("hasDefinitions", definitions.list().length > 0)));
  own.add(approvals.onDidChange(() => set("waitingRuns", approvals.waitingRuns().size)));
  const showOpened = () => set("openedFolders", runFolders.list().length);
  own.add(runFolders.onDidChange(showOpened));
  return {
    setLoaded() {
      showRuns();
      showOpened();
      set("loaded", true);
    },
    dispose: () => own.dispose(),
  };
}
