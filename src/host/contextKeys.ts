/** The context keys that the manifest's `when` clauses ask for. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import { DisposableStore } from "../base/disposable";
import type { Approvals } from "./approvals";
import type { Definitions } from "./definitions";
import type { RunFacts } from "./runFacts";
import type { RunFolders } from "./runFolders";

export function keepContextKeys(
  app: App,
  facts: RunFacts,
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
    set("hasRuns", facts.count > 0);
    set("hasFailures", facts.hasFailures);
    set("activeRuns", app.active.length);
    set("questions", facts.questions().length);
  };
  own.add(facts.onDidChange(showRuns));
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
