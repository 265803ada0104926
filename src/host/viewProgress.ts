/** The progress bar of the Runs view: while a run works, not while all of them wait for the user. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import { DisposableStore } from "../base/disposable";
import type { Approvals } from "./approvals";

export function showProgress(app: App, approvals: Approvals): vscode.Disposable {
  const own = new DisposableStore();
  let end: (() => void) | undefined;
  const show = () => {
    const works = app.active.length > approvals.waitingRuns().size;
    if (works && !end) {
      const done = new Promise<void>((resolve) => {
        end = resolve;
      });
      void vscode.window.withProgress({ location: { viewId: "runtrail.runs" } }, () => done);
    } else if (!works) {
      end?.();
      end = undefined;
    }
  };
  own.add(app.runs.onDidChange(show));
  own.add(approvals.onDidChange(show));
  own.add({ dispose: () => end?.() });
  return own;
}
