/** The word at the end of a run that is not on screen, and what a run asks; as much as the user wants to hear. */
import * as vscode from "vscode";
import type { RunOutcome } from "../app/app";
import type { RunSummary } from "../app/runIndex";
import { formatDuration } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { questionOf } from "../model/question";
import { readNotify, writeNotify } from "./settings";

export interface EndedRun {
  dir: string;
  expertKey: string;
  outcome: RunOutcome;
  /** How long it took. */
  ms: number;
  isOnScreen: boolean;
}

const quiet = "Don’t Show Again";

export async function tellEnd({ dir, expertKey, outcome, ms, isOnScreen }: EndedRun): Promise<void> {
  if (outcome.error?.class === "provider_auth") return await tellKey(expertKey, outcome);
  const notify = readNotify();
  const failed = outcome.status === "failed" || outcome.stopReason === "maxSteps" || outcome.stopReason === "budget";
  if (isOnScreen || notify === "none" || notify === "needsInput" || (!failed && notify !== "all")) return;
  if (!failed) {
    const open = "Open Run Log";
    const words = outcome.status === "finished" ? "finished" : "stopped";
    const message = `${expertKey} ${words} after ${formatDuration(ms)}.`;
    const choice = await vscode.window.showInformationMessage(message, open, quiet);
    await act(choice, open, "runtrail.openRunLog", dir);
    return;
  }
  const go = "Go to Failing Step";
  const reason = outcome.error ? oneLine(outcome.error.message, 200) : limitWords(outcome);
  const choice = await vscode.window.showErrorMessage(`${expertKey} failed: ${reason}`, go, quiet);
  await act(choice, go, "runtrail.goToFailingStep", dir);
}

/** On screen or not: somebody is waited for. */
export async function tellQuestion({ dir, expertKey, inputRequests = [] }: RunSummary): Promise<void> {
  const [first, ...more] = inputRequests;
  if (!first || readNotify() === "none") return;
  const answer = "Answer…";
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  const message = `${expertKey} asks: ${oneLine(questionOf(first).text, 300)}${others}`;
  const choice = await vscode.window.showInformationMessage(message, answer, quiet);
  await act(choice, answer, "runtrail.answerQuestion", dir);
}

/** One message for all that wait when the editor opens. */
export async function tellWaiting(runs: readonly RunSummary[]): Promise<void> {
  const [first, ...more] = runs;
  if (!first || readNotify() === "none") return;
  const show = "Show";
  const count = more.length + 1;
  const message =
    more.length === 0 ? `A run of ${first.expertKey} waits for your answer.` : `${count} runs wait for your answer.`;
  const choice = await vscode.window.showInformationMessage(message, show, quiet);
  await act(choice, show, "runtrail.revealRun", first.dir);
}

function limitWords({ stopReason }: RunOutcome): string {
  return stopReason === "budget" ? "its budget is used up" : "it reached its limit of steps before the end";
}

async function act(choice: string | undefined, action: string, command: string, dir: string): Promise<void> {
  if (choice === action) await vscode.commands.executeCommand(command, dir);
  if (choice === quiet) await writeNotify("none");
}

async function tellKey(expertKey: string, { error }: RunOutcome): Promise<void> {
  const set = "Set API Key…";
  const select = "Select Model…";
  const reason = oneLine(error?.message ?? "", 300);
  const choice = await vscode.window.showErrorMessage(`${expertKey} failed: ${reason}`, set, select);
  if (choice === set) await vscode.commands.executeCommand("runtrail.setApiKey");
  if (choice === select) await vscode.commands.executeCommand("runtrail.selectModel");
}
