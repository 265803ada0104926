/** Opens what a row of the Runs view, or a line of a log, is about. */
import * as vscode from "vscode";
import type { RunProblem } from "../../app/runIndex";
import { subjectOf } from "../../model/itemText";
import { isRecord } from "../../model/toolText";
import type { RunAddress } from "../documents/runAddress";
import { openFileAt } from "../openPlace";
import type { CommandParts } from "./commandParts";
import { itemPlace, resolveTarget } from "./commandTarget";

export async function openDetails(argument: unknown, parts: CommandParts): Promise<void> {
  const kind = isRecord(argument) ? argument.kind : undefined;
  if (kind === "document" && isRecord(argument)) return await openFileAt({ path: String(argument.file) });
  if (kind === "sourceProblem" && isRecord(argument)) {
    const source = parts.app.runs.sources().find(({ path }) => path === argument.path);
    return await openProblem(source?.problems[Number(argument.index)]);
  }
  const target = await resolveTarget(argument, parts, "Choose the run to open");
  if (!target) return;
  if (kind === "problem" && isRecord(argument)) {
    return await openProblem(await parts.runsView.problemOf(target.dir, Number(argument.index)));
  }
  const { step, item } = await itemPlace(target, parts);
  const { dir } = target;
  const address: RunAddress =
    step === undefined
      ? { view: "run", dir }
      : kind === "checkpoint"
        ? { view: "checkpoint", dir, step: step.step }
        : item === undefined
          ? { view: "step", dir, step: step.step }
          : { view: "item", dir, step: step.step, seq: item.seq };
  // From a row the focus stays where that is, so that one can walk on with the arrow keys; nothing covers a timeline.
  const viewColumn = kind === "event" ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
  const options = { preserveFocus: kind !== undefined, viewColumn };
  await parts.documents.openDetails(address, item ? subjectOf(item) : "", options);
}

/** A place in the files that could not be read. */
async function openProblem(problem: RunProblem | undefined): Promise<void> {
  if (!problem) return;
  const { file, line, column } = problem;
  await openFileAt({ path: file, ...(line !== undefined && { line }), ...(column !== undefined && { column }) });
}
