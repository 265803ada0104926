/** The command that answers what a run asked: it stopped for that, and goes on with the answers. */
import * as vscode from "vscode";
import { isAsking } from "../openQuestions";
import { askAnswers } from "./askAnswers";
import { chooseRun } from "./chooseRun";
import type { CommandParts, Commands } from "./commandParts";

export function inputCommands(parts: CommandParts): Commands {
  const { starter } = parts;
  return {
    async answerQuestion(argument) {
      const { run } = (await chooseRun(argument, parts, "Choose the run to answer", isAsking)) ?? {};
      if (!run) return;
      // A notification outlives its question.
      if (!isAsking(run)) {
        vscode.window.setStatusBarMessage("This question was answered already.", 4000);
        return;
      }
      const answers = await askAnswers(run.expertKey, run.inputRequests ?? []);
      if (!answers) return;
      await starter.resume({ dir: run.dir, definitionPath: run.definitionPath, answers });
      await vscode.commands.executeCommand("notifications.hideToasts");
    },
  };
}
