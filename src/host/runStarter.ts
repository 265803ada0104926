/** Starts runs on a user's behalf: trust, unsaved definitions, progress in the view, and the word at the end. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { App, RunHandle, RunOutcome } from "../app/app";
import { formatDuration } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { readApprovalMode, readNotify, writeNotify } from "./settings";
import type { RunsView } from "./views/runsView";

export interface RunRequest {
  definitionPath: string;
  expertKey: string;
  query: string;
}

export class RunStarter {
  constructor(
    private readonly app: App,
    private readonly runsView: RunsView,
  ) {}

  /** Returns when the run has begun; `undefined` where it may not. Throws `UserError` for a definition that is wrong. */
  async start(request: RunRequest): Promise<RunHandle | undefined> {
    if (!(await isTrusted())) return undefined;
    await saveDefinition(request.definitionPath);
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.definitionPath));
    const begun = Date.now();
    const handle = await this.app.start({
      ...request,
      approval: readApprovalMode(),
      workspaceRoot: folder?.uri.fsPath ?? path.dirname(request.definitionPath),
    });
    void handle.done.then((outcome) => this.tell(request, handle, outcome, Date.now() - begun));
    await this.runsView.reveal(handle.dir);
    return handle;
  }

  /** Only where the run is not on screen, and as the user wants it. */
  private async tell(request: RunRequest, handle: RunHandle, outcome: RunOutcome, ms: number): Promise<void> {
    if (outcome.error?.class === "provider_auth") return await tellKey(request, outcome);
    const notify = readNotify();
    const failed = outcome.status === "failed" || outcome.stopReason === "maxSteps" || outcome.stopReason === "budget";
    if (this.runsView.view.visible || notify === "none" || (!failed && notify !== "all")) return;
    if (!failed) {
      const open = "Open Run Log";
      const words = outcome.status === "finished" ? "finished" : "stopped";
      const message = `${request.expertKey} ${words} after ${formatDuration(ms)}.`;
      const choice = await vscode.window.showInformationMessage(message, open, quiet);
      await act(choice, open, "runtrail.openRunLog", handle.dir);
      return;
    }
    const go = "Go to Failing Step";
    const reason = outcome.error ? oneLine(outcome.error.message, 200) : "it reached its limit before the end";
    const choice = await vscode.window.showErrorMessage(`${request.expertKey} failed: ${reason}`, go, quiet);
    await act(choice, go, "runtrail.goToFailingStep", handle.dir);
  }
}

const quiet = "Don’t Show Again";

async function act(choice: string | undefined, action: string, command: string, dir: string): Promise<void> {
  if (choice === action) await vscode.commands.executeCommand(command, dir);
  if (choice === quiet) await writeNotify("none");
}

async function tellKey(request: RunRequest, { error }: RunOutcome): Promise<void> {
  const set = "Set API Key…";
  const reason = oneLine(error?.message ?? "", 300);
  const choice = await vscode.window.showErrorMessage(`${request.expertKey} failed: ${reason}`, set);
  if (choice === set) await vscode.commands.executeCommand("runtrail.setApiKey");
}

async function isTrusted(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = "Manage Workspace Trust";
  const message =
    "This workspace is in restricted mode. An expert may write files and start programs, so it runs in trusted workspaces only.";
  if ((await vscode.window.showWarningMessage(message, manage)) === manage) {
    await vscode.commands.executeCommand("workbench.trust.manage");
  }
  return false;
}

/** What runs is what is on disk, so what is on screen is put there first. */
async function saveDefinition(file: string): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri, isDirty }) => isDirty && uri.fsPath === file);
  await document?.save();
}
