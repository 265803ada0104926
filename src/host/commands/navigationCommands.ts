/** Commands that show: failing steps, logs, details, sources, the view and the output. */
import * as vscode from "vscode";
import { placeOfRun } from "../../app/placeOfRun";
import { failingStepOf } from "../../model/failures";
import { isRecord } from "../../model/toolText";
import type { PartDirection } from "../documents/logPart";
import { partOf } from "../sources";
import type { MoreNode } from "../views/runNodes";
import type { CommandParts, Commands } from "./commandParts";
import { itemPlace, resolveTarget } from "./commandTarget";
import { failedRun } from "./failedRun";
import { openDetails } from "./openDetails";

export function navigationCommands(parts: CommandParts): Commands {
  const { app, log, navigation, runsView } = parts;
  const copy = async (text: string, what: string) => {
    await vscode.env.clipboard.writeText(parts.redact(text));
    vscode.window.setStatusBarMessage(`${what} copied.`, 3000);
  };
  /** The file, where several runs lie in one. */
  const placeOf = (dir: string) => placeOfRun(dir, app.runs.get(dir)?.runId ?? "");

  return {
    async goToFailingStep(argument) {
      const dir = await failedRun(argument, parts);
      if (dir) await navigation.goToFailingStep(dir);
    },
    async nextFailure(argument) {
      await navigation.walk(1, await failedRun(argument, parts));
    },
    async previousFailure(argument) {
      await navigation.walk(-1, await failedRun(argument, parts));
    },
    async goToSource(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run whose source to open");
      if (!target) return;
      const { run } = await app.runs.load(target.dir);
      await navigation.goToSource(target.dir, target.place ?? failingStepOf(run));
    },
    async openRunLog(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run whose log to open");
      if (target) await navigation.openLog(target.dir, target.place);
    },
    async openDetails(argument) {
      await openDetails(argument, parts);
    },
    async showMore(argument) {
      if (isMoreNode(argument)) await runsView.showMore(argument);
      else if (isLogPart(argument)) await navigation.openPart(argument.dir, argument.to);
    },
    async revealRun(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run to show");
      if (!target) return;
      const { item } = await itemPlace(target, parts);
      const place = target.place && { step: target.place.step, ...(item && { seq: item.seq }) };
      await runsView.reveal(target.dir, place, true);
    },
    showOutput() {
      log.show(true);
    },
    async refresh() {
      const reading = Promise.all([app.runs.refresh(), parts.definitions.reload()]);
      await vscode.window.withProgress({ location: { viewId: "runtrail.runs" } }, () => reading);
    },
    async copyRunId(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run whose id to copy");
      const run = target && app.runs.get(target.dir);
      if (run) await copy(run.runId, "Run id");
    },
    async copyRunPath(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run whose path to copy");
      if (target) await copy(placeOf(target.dir), "Path");
    },
    async copyEvent(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run to copy from");
      if (!target) return;
      const { events } = await app.runs.load(target.dir, partOf(target.place));
      const { item } = await itemPlace(target, parts);
      const id = item?.kind === "toolCall" ? item.toolCallId : undefined;
      const own = events.filter((event) =>
        id === undefined
          ? event.seq === (item?.seq ?? target.place?.seq)
          : "toolCallId" in event && event.toolCallId === id,
      );
      const copied = own.length > 0 ? own : events.filter(({ step }) => step === (target.place?.step ?? step));
      await copy(copied.map((event) => JSON.stringify(event)).join("\n"), copied.length === 1 ? "Event" : "Events");
    },
    async revealInExplorer(argument) {
      const target = await resolveTarget(argument, parts, "Choose the run to show in the explorer");
      if (target) await vscode.commands.executeCommand("revealInExplorer", vscode.Uri.file(placeOf(target.dir)));
    },
  };
}

function isMoreNode(argument: unknown): argument is MoreNode {
  return isRecord(argument) && argument.kind === "more" && typeof argument.list === "string";
}

/** What the first line of a long run's log passes on. */
function isLogPart(argument: unknown): argument is { dir: string; to: PartDirection } {
  if (!isRecord(argument) || argument.kind !== "logPart" || typeof argument.dir !== "string") return false;
  return ["before", "after", "newest"].some((to) => to === argument.to);
}
