/** The approvals that runs wait for: asked by a notification, answered there or from the tree, never refused by silence. */
import * as vscode from "vscode";
import type { AppHost } from "../app/app";
import { oneLine } from "../model/plainText";
import type { ApprovalAnswer } from "../runtime/ports";

type Request = Parameters<AppHost["askApproval"]>[0];

interface Pending {
  request: Request;
  resolve(answer: ApprovalAnswer): void;
}

const allowedKey = "runtrail.allowedInWorkspace";
const allow = "Allow";
const allowWorkspace = "Allow in This Workspace";
const refuse = "Refuse";
const choices = [allow, allowWorkspace, refuse];

export class Approvals implements vscode.Disposable {
  private readonly pending = new Map<string, Pending>();
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;

  constructor(private readonly workspaceState: vscode.Memento) {}

  /** The runs that wait, by run id. */
  waitingRuns(): ReadonlySet<string> {
    return new Set([...this.pending.values()].map(({ request }) => request.runId));
  }

  ask(request: Request): Promise<ApprovalAnswer> {
    if (this.workspaceState.get(allowedKey) === true) {
      return Promise.resolve({ ...granted, reason: forWorkspace });
    }
    if (request.signal.aborted) return Promise.resolve(cancelled);
    return new Promise((resolve) => {
      const settle = (answer: ApprovalAnswer) => {
        if (!this.pending.delete(request.approvalId)) return;
        request.signal.removeEventListener("abort", abort);
        this.changed.fire();
        resolve(answer);
      };
      const abort = () => settle(cancelled);
      request.signal.addEventListener("abort", abort);
      this.pending.set(request.approvalId, { request, resolve: settle });
      this.changed.fire();
      void this.show(request);
    });
  }

  /** Asks in a list: for a run whose notification was put away, or never shown. */
  async answer(runId: string): Promise<void> {
    const found = [...this.pending.values()].find(({ request }) => request.runId === runId);
    if (!found) return;
    const title = questionOf(found.request);
    const placeHolder = "Esc leaves the run waiting";
    const choice = await vscode.window.showQuickPick(choices, { title, placeHolder });
    await this.settle(found.request, choice);
    // The editor cannot take a notification back; off the screen, at least, goes the question that was answered here.
    if (choice) await vscode.commands.executeCommand("notifications.hideToasts");
  }

  async forget(): Promise<void> {
    await this.workspaceState.update(allowedKey, undefined);
  }

  dispose(): void {
    for (const { resolve } of [...this.pending.values()]) resolve(cancelled);
    this.changed.dispose();
  }

  private async show(request: Request): Promise<void> {
    const choice = await vscode.window.showWarningMessage(questionOf(request), ...choices);
    // The editor cannot take a notification back when the tree was quicker.
    if (choice && !this.pending.has(request.approvalId)) {
      vscode.window.setStatusBarMessage("This question was answered already.", 4000);
    }
    await this.settle(request, choice);
  }

  /** A choice for a run that is answered already, or no choice, changes nothing. */
  private async settle(request: Request, choice: string | undefined): Promise<void> {
    const pending = this.pending.get(request.approvalId);
    if (!pending || choice === undefined) return;
    if (choice === allowWorkspace) await this.workspaceState.update(allowedKey, true);
    pending.resolve(
      choice === refuse
        ? { granted: false, by: "user", reason: "refused in the editor", remember: false }
        : { ...granted, ...(choice === allowWorkspace && { reason: forWorkspace }) },
    );
  }
}

function questionOf({ expertKey, effect, tool, summary }: Request): string {
  const does = effect === "exec" ? "wants to start a program" : "wants to change files";
  const what = effect === "exec" && summary.startsWith(`${tool}: `) ? summary.slice(tool.length + 2) : summary;
  return `${expertKey} ${does}: ${oneLine(what, 300)}`;
}

const forWorkspace = "for this workspace";
const granted: ApprovalAnswer = { granted: true, by: "user", remember: true };
const cancelled: ApprovalAnswer = { granted: false, by: "cancelled", reason: "the run was cancelled", remember: false };
