/** The command that deletes a run or a job: asked first, into the trash where there is one. */
import * as vscode from "vscode";
import { newId } from "../../app/newId";
import type { RunSummary } from "../../app/runIndex";
import { messageOf, UserError } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import { type Deletion, deletionOfJob, deletionOfRun, foldersOf, questionOf, runningOf } from "../runDeletion";
import { hasTrash, moveToTrash } from "../trash";
import type { CommandParts, Commands } from "./commandParts";
import { resolveTarget } from "./commandTarget";

export function deleteCommands(parts: CommandParts): Commands {
  const { app, runsView } = parts;

  const choose = async (argument: unknown): Promise<Deletion | undefined> => {
    // The key is pressed in the view: there it is the row that is meant, whatever log is open. An extension is not told
    // which row has the focus, so the keybinding selects it first, and folds it back as it was.
    const isKey = isRecord(argument) && argument.kind === "selection";
    const row = isKey ? runsView.view.selection[0] : argument;
    if (isRecord(row) && typeof row.jobDir === "string") return deletionOfJob(app.runs.list(), row.jobDir);
    if (isKey && (!isRecord(row) || row.kind !== "run")) return undefined;
    const hasEnded = ({ status, root }: RunSummary) => status !== "running" && root === undefined;
    const given = isRecord(row) && row.kind === "run" ? row : undefined;
    const target = given ?? (await resolveTarget(row, parts, "Choose the run to delete", hasEnded));
    return typeof target?.dir === "string" ? deletionOfRun(app.runs.list(), target.dir) : undefined;
  };

  return {
    async deleteRun(argument) {
      const deletion = await choose(argument);
      if (!deletion) return;
      refuseRunning(deletion);
      const { message, detail, button } = questionOf(deletion, hasTrash());
      if ((await vscode.window.showWarningMessage(message, { modal: true, detail }, button)) !== button) return;
      // While the question stood there, it may have been gone on with.
      const { dir } = deletion.runs[0];
      const list = app.runs.list();
      const now = deletion.what === "job" ? deletionOfJob(list, deletion.jobDir) : deletionOfRun(list, dir);
      if (!now) return;
      refuseRunning(now);
      const { listRunsOfJob, removeFolder } = await import("../../app/deferred");
      const present = (await listRunsOfJob(now.jobDir)).map(({ runId }) => runId);
      try {
        for (const folder of foldersOf(now, present)) await remove(folder, (dir) => removeFolder(dir, newId));
      } finally {
        await Promise.all(now.runs.map((run) => app.runs.refresh(run.dir)));
        if (now.runs.some((run) => app.runs.get(run.dir))) await app.runs.refresh();
      }
    },
  };
}

function refuseRunning(deletion: Deletion): void {
  const running = runningOf(deletion);
  if (running) throw new UserError(`The run of ${running.expertKey} has not ended yet. Stop it before you delete it.`);
}

async function remove(folder: string, deleteForGood: (dir: string) => Promise<void>): Promise<void> {
  if (!hasTrash()) return await deleteForGood(folder);
  try {
    await moveToTrash(folder);
  } catch (error) {
    const button = "Delete for Good";
    const message = "The trash did not take it. Delete it for good?";
    const detail = `${messageOf(error)}\n\nThis cannot be undone.`;
    const choice = await vscode.window.showWarningMessage(message, { modal: true, detail }, button);
    if (choice === button) await deleteForGood(folder);
  }
}
