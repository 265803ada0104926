/** What a command was called on: a row of a tree, a run's folder, a document, or nothing; then the user chooses. */
import * as vscode from "vscode";
import type { RunSummary } from "../../app/runIndex";
import { formatTime } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import { stepAt } from "../../model/stepAt";
import { isRecord } from "../../model/toolText";
import { itemAt, type PlaceInRun, partOf } from "../sources";
import { lastRunOf } from "../views/lastRun";
import { joinParts, statusIcon, statusWords } from "../views/row";
import { statusOfRun } from "../views/runRows";
import type { CommandParts } from "./commandParts";

export interface RunTarget {
  dir: string;
  place?: PlaceInRun;
}

/** The run (and the place in it) that an argument names. */
export function targetOf(argument: unknown, parts: CommandParts): RunTarget | undefined {
  if (typeof argument === "string") return { dir: argument };
  if (!isRecord(argument)) return undefined;
  const { kind, dir, step, seq, file, key } = argument;
  if (typeof dir === "string") {
    const place = typeof step === "number" ? { step, ...(typeof seq === "number" && { seq }) } : undefined;
    return { dir, ...(place && { place }) };
  }
  if (kind === "expert" && typeof file === "string" && typeof key === "string") {
    const run = lastRunOf(parts.app.runs.list(), file, key);
    return run && { dir: run.dir };
  }
  return undefined;
}

/** Without an argument: the log under the cursor, then the selected row. */
export function currentTarget(parts: CommandParts): RunTarget | undefined {
  const active = parts.navigation.activeLog();
  if (active) {
    const line = active.log.lines[active.line];
    return { dir: active.log.dir, ...(line && line.step > 0 && { place: placeOf(line) }) };
  }
  const dir = parts.navigation.activeDir();
  if (dir !== undefined) return { dir };
  return targetOf(parts.runsView.view.selection[0], parts);
}

/** What a command is about: its argument, else what is current, else what the user picks. */
export async function resolveTarget(
  argument: unknown,
  parts: CommandParts,
  question: string,
  filter: (run: RunSummary) => boolean = () => true,
): Promise<RunTarget | undefined> {
  const target = targetOf(argument, parts) ?? currentTarget(parts);
  const run = target && parts.app.runs.get(target.dir);
  if (target && run && filter(run)) return target;
  const picked = await pickRun(parts, question, filter);
  return picked && { dir: picked.dir };
}

/** Asks only where there is more than one. */
export async function pickRun(
  parts: CommandParts,
  placeHolder: string,
  filter: (run: RunSummary) => boolean = () => true,
): Promise<RunSummary | undefined> {
  const runs = parts.app.runs.list().filter(filter);
  const [only, ...more] = runs;
  if (more.length === 0) {
    if (!only) void vscode.window.showInformationMessage("There is no such run in this workspace.");
    return only;
  }
  const items = runs.map((run) => {
    const status = statusOfRun(run, parts.approvals.waitingRuns());
    return {
      label: `$(${statusIcon(status).id}) ${run.expertKey}`,
      description: joinParts(statusWords(status), formatTime(run.startedAt)),
      detail: oneLine(run.query, 120),
      run,
    };
  });
  const options = { placeHolder, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.run;
}

/** The rows of the Runs view begin with the same event as the item of the log's line. */
export async function itemPlace(target: RunTarget, parts: CommandParts) {
  const { run } = await parts.app.runs.load(target.dir, partOf(target.place));
  const step = target.place && stepAt(run, target.place.step);
  const item = step && target.place ? itemAt(step, target.place) : undefined;
  return { run, step, item };
}

function placeOf({ step, seq, toolCallId, path, kind }: PlaceInRun & { kind: string }): PlaceInRun {
  if (kind === "step") return { step };
  return {
    step,
    ...(seq !== undefined && { seq }),
    ...(toolCallId !== undefined && { toolCallId }),
    ...(path !== undefined && { path }),
  };
}
