/** Starts runs on a user's behalf and goes on with them: trust, unsaved definitions, limits, and the word at the end. */
import * as path from "node:path";
import * as vscode from "vscode";
import type { App, ResumeRequest, RunHandle, StartRequest } from "../app/app";
import { workspaceOf } from "../app/workspaceOf";
import type { Definitions } from "./definitions";
import { smallerLimits } from "./jobLimits";
import type { ModelSelection } from "./modelSelection";
import { tellEnd, tellQuestion } from "./runNotifications";
import { readAlsoWrite, readApprovalMode, readFlush, readJobLimits } from "./settings";
import type { RunsView } from "./views/runsView";

export type RunRequest = Omit<StartRequest, "approval" | "workspaceRoot" | "alsoWrite" | "flush">;
export type GoOnRequest = Omit<ResumeRequest, "approval" | "by" | "alsoWrite" | "flush">;

export class RunStarter {
  constructor(
    private readonly app: App,
    private readonly runsView: RunsView,
    private readonly definitions: Definitions,
    private readonly models: ModelSelection,
  ) {}

  /** Returns when the run has begun; `undefined` where it may not. Throws `UserError` for a definition that is wrong. */
  async start(request: RunRequest): Promise<RunHandle | undefined> {
    const { definitionPath, expertKey, from } = request;
    return await this.launch(definitionPath, expertKey, async () => {
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(definitionPath));
      // What goes on from a run stays where that run is.
      const workspaceRoot = from ? workspaceOf(from.dir) : (folder?.uri.fsPath ?? path.dirname(definitionPath));
      const chosen = this.models.current;
      return await this.app.start({
        ...(chosen && { provider: chosen.provider, model: chosen.model }),
        ...smallerLimits(readJobLimits(), this.definitions.get(definitionPath)?.definition),
        ...request,
        ...{ approval: readApprovalMode(), flush: readFlush(), workspaceRoot },
        alsoWrite: readAlsoWrite(vscode.Uri.file(workspaceRoot)),
      });
    });
  }

  /** The run goes on in its own journal, within its own limits where the request names no others. */
  async resume(request: GoOnRequest): Promise<RunHandle | undefined> {
    const run = this.app.runs.get(request.dir);
    return await this.launch(request.definitionPath ?? run?.definitionPath, run?.expertKey ?? "The run", () =>
      this.app.resume({
        ...request,
        ...{ approval: readApprovalMode(), flush: readFlush(), by: "user" },
        alsoWrite: readAlsoWrite(vscode.Uri.file(workspaceOf(request.dir))),
      }),
    );
  }

  private async launch(
    definitionPath: string | undefined,
    expertKey: string,
    begin: () => Promise<RunHandle>,
  ): Promise<RunHandle | undefined> {
    if (!(await isTrusted())) return undefined;
    if (definitionPath) await saveDefinition(definitionPath);
    const begun = Date.now();
    const handle = await begin();
    void this.tell(expertKey, handle, begun);
    await this.runsView.reveal(handle.dir);
    return handle;
  }

  private async tell(expertKey: string, { dir, done }: RunHandle, begun: number): Promise<void> {
    const outcome = await done;
    const run = this.app.runs.get(dir);
    if (outcome.stopReason === "input" && run) return await tellQuestion(run);
    await tellEnd({ dir, expertKey, outcome, ms: Date.now() - begun, isOnScreen: this.runsView.view.visible });
  }
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
