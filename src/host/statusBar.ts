/** The status bar item: how many runs are going and their tokens so far; for a while, that one failed. */
import * as vscode from "vscode";
import type { App } from "../app/app";
import { DisposableStore } from "../base/disposable";
import { formatTokens } from "../model/formatting";
import type { Approvals } from "./approvals";

/** How long a failure is shown after the last run has ended. */
const failureTime = 30_000;

export function showStatus(app: App, approvals: Approvals): vscode.Disposable {
  const own = new DisposableStore();
  const item = own.add(vscode.window.createStatusBarItem("runtrail.runs", vscode.StatusBarAlignment.Left, 50));
  item.name = "Runtrail Runs";
  let wasActive = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const show = () => {
    const active = app.active.map(({ dir }) => dir);
    const ended = [...wasActive].filter((dir) => !active.includes(dir));
    wasActive = new Set(active);
    if (active.length > 0) {
      clearTimeout(timer);
      showActive(item, app, active, approvals.waitingRuns().size);
      return;
    }
    if (ended.length === 0) return;
    const failed = ended.map((dir) => app.runs.get(dir)).find((run) => run?.status === "failed");
    if (!failed) {
      item.hide();
      return;
    }
    item.text = `$(error) ${failed.expertKey} failed`;
    item.tooltip = "Go to the failing step";
    item.accessibilityInformation = { label: `${failed.expertKey} failed. Go to the failing step.`, role: "button" };
    item.command = { command: "runtrail.goToFailingStep", title: "Go to Failing Step", arguments: [failed.dir] };
    clearTimeout(timer);
    timer = setTimeout(() => item.hide(), failureTime);
  };
  own.add(app.runs.onDidChange(show));
  own.add(approvals.onDidChange(show));
  own.add({ dispose: () => clearTimeout(timer) });
  return own;
}

function showActive(item: vscode.StatusBarItem, app: App, active: readonly string[], waiting: number): void {
  const tokens = active.reduce((sum, dir) => sum + (app.runs.get(dir)?.usage.totalTokens ?? 0), 0);
  const runs = active.length === 1 ? "1 run" : `${active.length} runs`;
  const waits = waiting === 0 ? "" : waiting === 1 ? " · 1 waits for you" : ` · ${waiting} wait for you`;
  const text = `${runs} · ${formatTokens(tokens)} tokens${waits}`;
  item.text = `${waiting > 0 ? "$(bell-dot)" : "$(sync~spin)"} ${text}`;
  item.tooltip = "Show in the Runs view";
  item.accessibilityInformation = { label: `Runtrail: ${text}`, role: "button" };
  item.command = { command: "runtrail.revealRun", title: "Reveal Run in View", arguments: [active[0]] };
  item.show();
}
