/** Commands that run, stop and allow. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { isRecord } from "../../model/toolText";
import { openPlace } from "../openPlace";
import { coordinatorOf } from "../views/runTree";
import { chooseRun } from "./chooseRun";
import type { CommandParts, Commands } from "./commandParts";
import { pickRun, targetOf } from "./commandTarget";
import { askQuery, type ExpertChoice, pickExpert } from "./pickExpert";

export function runCommands(parts: CommandParts): Commands {
  const { app, approvals, definitions, starter } = parts;

  const chooseExpert = async (argument: unknown): Promise<ExpertChoice | undefined> => {
    const given = expertOf(argument);
    if (given) return given;
    if (definitions.list().length === 0) await definitions.reload();
    if (definitions.list().every(({ experts }) => experts.length === 0)) {
      await offerDefinition();
      return undefined;
    }
    const within = argument instanceof vscode.Uri ? argument.fsPath : undefined;
    const picked = await pickExpert(definitions, app.runs.list(), within);
    if (picked?.broken) await openPlace(picked.broken);
    return picked?.choice;
  };

  return {
    async runExpert(argument) {
      const choice = await chooseExpert(argument);
      if (!choice) return;
      const suggestion = await app.suggestQuery(choice.definitionPath, choice.expertKey);
      const runs = app.runs.list();
      const query = await askQuery(choice, runs, suggestion);
      if (query) await starter.start({ ...choice, query });
    },
    async runAgain(argument) {
      const ended = ({ status, root }: RunSummary) => status !== "running" && root === undefined;
      const { run } = (await chooseRun(argument, parts, "Choose the run to repeat", ended)) ?? {};
      if (!run) return;
      const { dir, definitionPath, expertKey, query } = run;
      await starter.start({ definitionPath, expertKey, query, from: { kind: "rerun", dir } });
    },
    async stopRun(argument) {
      const dir = targetOf(argument, parts)?.dir;
      const isActive = ({ dir: each }: { dir: string }) => app.active.some((handle) => handle.dir === each);
      const run = dir ? app.runs.get(dir) : await pickRun(parts, "Choose the run to stop", isActive);
      // What a run delegates stops with it, and only with it.
      const stopped = run && coordinatorOf(run, app.runs.list());
      app.active.find((handle) => handle.dir === stopped?.dir)?.cancel();
    },
    async answerApproval(argument) {
      const waiting = approvals.waitingRuns();
      const dir = targetOf(argument, parts)?.dir;
      const isWaiting = ({ runId }: { runId: string }) => waiting.has(runId);
      const run = dir ? app.runs.get(dir) : await pickRun(parts, "Choose the run to answer", isWaiting);
      if (run) await approvals.answer(run.runId);
    },
    async forgetApproval() {
      await approvals.forget();
      void vscode.window.showInformationMessage("From the next run on, experts in this workspace ask again.");
    },
  };
}

async function offerDefinition(): Promise<void> {
  const create = "Create perstack.toml";
  const message = "There is no expert in this workspace. A perstack.toml defines them.";
  if ((await vscode.window.showInformationMessage(message, create)) === create) {
    await vscode.commands.executeCommand("runtrail.createDefinition");
  }
}

function expertOf(argument: unknown): ExpertChoice | undefined {
  if (!isRecord(argument) || argument.kind !== "expert") return undefined;
  const { file, key } = argument;
  return typeof file === "string" && typeof key === "string" ? { definitionPath: file, expertKey: key } : undefined;
}
