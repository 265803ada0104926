/** Asks from which checkpoint of a run to go on; the one that was pointed at is not asked for. */
import * as vscode from "vscode";
import { UserError } from "../../base/errors";
import { pendingCallsOf } from "../../model/conversation";
import { formatTime } from "../../model/formatting";
import type { Message } from "../../model/message";
import { oneLine } from "../../model/plainText";
import type { Step } from "../../model/run";
import { pageSize } from "../views/listWindow";
import type { KnownRun } from "./chooseRun";
import type { CommandParts } from "./commandParts";

export interface CheckpointChoice {
  checkpointId: string;
  /** The step after which it was saved. */
  step: number;
  messages: readonly Message[];
  /** The conversation ends with the expert's answer: without a query there is nothing to do. */
  needsQuery: boolean;
}

/** @param verb what is to be done with it. Throws `UserError` where there is none. */
export async function askCheckpoint(
  parts: CommandParts,
  { run, place }: { run: KnownRun; place?: { step: number } },
  verb: string,
): Promise<CheckpointChoice | undefined> {
  const { run: loaded, part } = await parts.app.runs.load(run.dir, place ? { step: place.step } : {});
  const { lastStep, checkpointId: newest } = loaded;
  const saved = loaded.steps.filter(isSaved);
  const pointed = saved.find(({ step }) => step === place?.step);
  const isOnly = saved.length === 1 && !part;
  const step = pointed ?? (saved.length === 0 || isOnly ? saved[0] : await pickStep(parts, run, verb));
  const checkpointId = step?.checkpointId ?? (saved.length === 0 ? newest : undefined);
  if (checkpointId === undefined) {
    if (saved.length > 0) return undefined;
    throw new UserError("This run has no checkpoint: it ended before its first step was done. Run it again instead.");
  }
  const { messages } = await parts.app.readCheckpoint(run.dir, checkpointId);
  return { checkpointId, step: step?.step ?? lastStep, messages, needsQuery: isAnswered(messages) };
}

/** What comes next, which may be nothing: then the run goes on as it was. Esc: `undefined`. */
export function askNext(title: string, isNeeded: boolean): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt: isNeeded
      ? "The expert had come to its answer there: say what it is to do next."
      : "What it is to do next. Leave it empty to go on from there as it was.",
    ignoreFocusOut: true,
    validateInput: (text) => (isNeeded && text.trim() === "" ? "Say what it is to do next." : undefined),
  });
}

/** Of a long run, the newest are offered first, and with each choice of more as many again. */
async function pickStep(parts: CommandParts, { dir, expertKey }: KnownRun, verb: string): Promise<Step | undefined> {
  const title = `${verb} ${expertKey}`;
  const options = { title, placeHolder: "Choose the checkpoint to go on from", matchOnDetail: true };
  for (let steps = pageSize; ; steps += pageSize) {
    const { run, part } = await parts.app.runs.load(dir, { steps });
    const items = run.steps.filter(isSaved).toReversed().map(itemOf);
    const more: StepItem = { label: "$(ellipsis) Show earlier steps" };
    const picked = await vscode.window.showQuickPick([...items, ...(part?.hasEarlier ? [more] : [])], options);
    if (picked !== more) return picked?.step;
  }
}

type StepItem = vscode.QuickPickItem & { step?: Step };

function itemOf(step: Step): StepItem {
  return {
    label: `$(history) After step ${step.step}`,
    ...(step.finishedAt !== undefined && { description: formatTime(step.finishedAt) }),
    detail: oneLine(said(step), 160),
    step,
  };
}

function isSaved({ checkpointId }: Step): boolean {
  return checkpointId !== undefined;
}

function said({ items }: Step): string {
  const tools = items.flatMap((item) => (item.kind === "toolCall" ? [item.tool] : []));
  const last = items.findLast((item) => item.kind === "generation");
  const text = last?.kind === "generation" ? (last.text ?? "") : "";
  return [text, tools.length > 0 ? `calls ${tools.join(", ")}` : ""].filter(Boolean).join(" · ");
}

function isAnswered(messages: readonly Message[]): boolean {
  return messages.at(-1)?.type === "expertMessage" && pendingCallsOf(messages).length === 0;
}
