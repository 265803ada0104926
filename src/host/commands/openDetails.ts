/** Opens what a row of the Runs view, or a line of a log, is about. */
import { subjectOf } from "../../model/itemText";
import { isRecord } from "../../model/toolText";
import type { RunAddress } from "../documents/runAddress";
import { openPlace } from "../openPlace";
import type { CommandParts } from "./commandParts";
import { itemPlace, type RunTarget, resolveTarget } from "./commandTarget";

export async function openDetails(argument: unknown, parts: CommandParts): Promise<void> {
  const target = await resolveTarget(argument, parts, "Choose the run to open");
  if (!target) return;
  const kind = isRecord(argument) ? argument.kind : undefined;
  if (kind === "problem" && isRecord(argument)) {
    await openProblem(target, Number(argument.index), parts);
    return;
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
  // From a row the focus stays in the tree, so that one can walk on with the arrow keys.
  await parts.documents.openDetails(address, item ? subjectOf(item) : "", kind !== undefined);
}

/** A place in the run's files that could not be read. */
async function openProblem({ dir }: RunTarget, index: number, parts: CommandParts): Promise<void> {
  const { problems } = await parts.app.runs.load(dir);
  const problem = problems[index];
  if (problem) await openPlace({ path: problem.file, line: problem.line ?? 1 });
}
