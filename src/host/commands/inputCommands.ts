/** The command that answers what a run asked: it stopped for that, and goes on with the answers. */
import * as vscode from "vscode";
import { isAsking } from "../openQuestions";
import { askAnswers } from "./askAnswers";
import type { CommandParts, Commands } from "./commandParts";
import { resolveTarget, targetOf } from "./commandTarget";

export function inputCommands(parts: CommandParts): Commands {
  const { app, starter } = parts;
  return {
    async answerQuestion(argument) {
      const given = targetOf(argument, parts);
      const target = given ?? (await resolveTarget(undefined, parts, "Choose the run to answer", isAsking));
      const run = target && app.runs.get(target.dir);
      if (!run) return;
      // A notification outlives its question.
      if (!isAsking(run)) {
        vscode.window.setStatusBarMessage("This question was answered already.", 4000);
        return;
      }
      const answers = await askAnswers(run.expertKey, run.inputRequests ?? []);
      if (!answers) return;
      await starter.resume({ dir: run.dir, answers });
      await vscode.commands.executeCommand("notifications.hideToasts");
    },
  };
}
