/** Where a fork branches off: the checkpoint, and the message that is put otherwise. */
import type { App, StartFrom } from "../app/app";
import { loadWhole } from "../app/loadWhole";
import { pickId } from "../app/pickId";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import { type EditableMessage, editableMessagesOf } from "../model/editableMessages";
import { formatCount } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { alignColumns } from "./alignColumns";

export interface ForkPlace {
  step?: number;
  /** The beginning of its id is enough. */
  checkpoint?: string;
}

export interface WantedEdit {
  /** The number of the message in the list, or its id. */
  message: string;
  text: string;
}

/** `undefined`: the run's newest. Throws `UserError`. */
export async function findForkPoint(
  app: App,
  { dir, runId }: RunSummary,
  { step, checkpoint }: ForkPlace,
): Promise<string | undefined> {
  if (step === undefined && checkpoint === undefined) return undefined;
  const { run, events } = await loadWhole(app.runs, dir);
  if (checkpoint !== undefined) {
    const ids = events.flatMap((event) =>
      "checkpointId" in event && event.checkpointId !== undefined ? [event.checkpointId] : [],
    );
    return pickId([...new Set(ids)].reverse(), checkpoint, { kind: "checkpoint", where: `the run ${runId}` });
  }
  const withCheckpoint = run.steps.filter(({ checkpointId }) => checkpointId !== undefined);
  const found = withCheckpoint.find((each) => each.step === step);
  if (found) return found.checkpointId;
  const steps = withCheckpoint.map((each) => each.step).join(", ");
  throw new UserError(
    `The run ${runId} has no checkpoint of step ${step}. ${steps ? `These steps have one: ${steps}.` : "No step has one."}`,
  );
}

/** Throws `UserError` where there is no such message. */
export async function findEdit(
  { message, text }: WantedEdit,
  app: App,
  run: RunSummary,
  checkpointId: string | undefined,
): Promise<NonNullable<StartFrom["edit"]>> {
  const editable = await readEditable(app, run, checkpointId);
  const found = editable.find(({ id }) => id === message) ?? editable[Number(message) - 1];
  if (found) return { messageId: found.id, text };
  throw new UserError(
    `There is no message “${oneLine(message, 80)}” to edit: there are ${formatCount(editable.length, "message")}. “runtrail fork ${run.runId} --list” shows them.`,
  );
}

/** What can be edited at the checkpoint, numbered as `--edit` takes it. */
export async function listEditable(app: App, run: RunSummary, place: ForkPlace): Promise<string[]> {
  const editable = await readEditable(app, run, await findForkPoint(app, run, place));
  return alignColumns(
    editable.map(({ tool, text }, index) => [String(index + 1), oneLine(tool ?? "user", 40), oneLine(text, 120)]),
  );
}

async function readEditable(
  app: App,
  { dir }: RunSummary,
  checkpointId: string | undefined,
): Promise<EditableMessage[]> {
  const { messages } = await app.readCheckpoint(dir, checkpointId);
  return editableMessagesOf(messages);
}
