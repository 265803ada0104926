/** Commands that branch off a run into a job of its own: as it was at a checkpoint, or with something changed. */
import * as vscode from "vscode";
import type { StartFrom } from "../../app/app";
import type { RunSummary } from "../../app/runIndex";
import { oneLine } from "../../model/plainText";
import { editableMessages } from "../editableMessages";
import { askCheckpoint, askNext, type CheckpointChoice } from "./askCheckpoint";
import { askModel } from "./askModel";
import { askText } from "./askText";
import { chooseRun, modelOf } from "./chooseRun";
import type { CommandParts, Commands } from "./commandParts";

type Change = "message" | "instruction" | "model";

export function forkCommands(parts: CommandParts): Commands {
  const { app, starter } = parts;
  const fork = async (argument: unknown) => {
    const chosen = await chooseRun(argument, parts, "Choose the run to fork", isForkable);
    const point = chosen && (await askCheckpoint(parts, chosen, "Fork"));
    if (!chosen || !point) return;
    const { dir, definitionPath, expertKey } = chosen.run;
    const title = `Fork ${expertKey} after step ${point.step}`;
    const changes = await askChanges(title);
    if (!changes) return;
    const edit = changes.includes("message") ? await askEdit(title, point) : undefined;
    if (changes.includes("message") && !edit) return;
    const isOtherModel = changes.includes("model");
    const model = isOtherModel ? await askModel(app, definitionPath, title) : await modelOf(parts, dir);
    if (!model) return;
    const query = await askNext(title, point.needsQuery && !edit);
    if (query === undefined) return;
    const from: StartFrom = {
      ...{ kind: "fork", dir, checkpointId: point.checkpointId },
      ...(edit && { edit }),
      ...(changes.includes("instruction") && { isNewInstruction: true }),
    };
    await starter.start({ ...model, definitionPath, expertKey, query, from });
  };
  return { forkRun: fork, forkFromCheckpoint: fork };
}

/** Nothing chosen: the run goes on as it was. */
async function askChanges(title: string): Promise<Change[] | undefined> {
  const items: (vscode.QuickPickItem & { change: Change })[] = [
    {
      label: "A message",
      detail: "what a user said or a tool answered; what came after it is dropped",
      change: "message",
    },
    { label: "The instruction", detail: "as perstack.toml has it now", change: "instruction" },
    { label: "The model", detail: "another one goes on from here", change: "model" },
  ];
  const placeHolder = "Check what to change, then press Enter; nothing: it goes on as it was";
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder, canPickMany: true });
  return picked?.map(({ change }) => change);
}

async function askEdit(title: string, { messages }: CheckpointChoice): Promise<StartFrom["edit"]> {
  const items = editableMessages(messages).map(({ id, from, text }) => ({
    label: `$(${from === "user" ? "account" : "tools"}) ${oneLine(text, 120) || "(empty)"}`,
    description: from === "user" ? "said by a user" : `answered by ${from}`,
    id,
    text,
  }));
  const options = { title, placeHolder: "Choose the message to change", matchOnDescription: true };
  const picked = await vscode.window.showQuickPick(items, options);
  if (!picked) return undefined;
  const text = await askText(title, picked.text, "Fork with This Text");
  return text === undefined ? undefined : { messageId: picked.id, text };
}

function isForkable({ steps, root }: RunSummary): boolean {
  return steps > 0 && root === undefined;
}
