/** A recorded run, read back so that it can go on: whole events, its conversation, and what it stands on. */
import { dirname } from "node:path";
import { UserError } from "../base/errors";
import { readPerstackCheckpoints } from "../formats/perstack/readCheckpoints";
import type { Checkpoint } from "../model/checkpoint";
import { conversationOf } from "../model/conversation";
import type { RunEvent } from "../model/events";
import type { Message } from "../model/message";
import { rebuildCheckpoint } from "../model/rebuildCheckpoint";
import { type Run, runOf } from "../model/run";
import type { InputAnswer } from "../runtime/callOptions";
import { goOnFrom } from "../runtime/goOn";
import type { DelegateOutcome } from "../runtime/ports";
import { readBeginning, readCheckpoint } from "../store/checkpoints";
import { layout } from "../store/layout";
import { readJournal, readWhole } from "../store/readJournal";
import type { JobContext } from "./jobContext";
import { type PreparedRun, prepareRun } from "./prepareRun";
import { readForeignRun } from "./readForeign";

export interface RecordedRun {
  run: Run;
  /** With their large results. */
  events: RunEvent[];
  /** What the run began with, where that was not nothing. */
  base: readonly Message[];
  /** Whether its own files are ours to write: one of another system is only read. */
  isOurs: boolean;
  /** Its snapshot, else what the events tell; `undefined` where neither knows the id. */
  findCheckpoint(id: string): Promise<Checkpoint | undefined>;
  /** Of a run of another system, whose events may not name it. */
  newestCheckpoint?(): Promise<Checkpoint | undefined>;
}

/** Throws `UserError` where there is nothing to read, or what the run began with is gone. */
export async function readRecordedRun(dir: string): Promise<RecordedRun> {
  const { events, problems } = await readJournal(layout.journal(dir));
  const run = runOf(events);
  const foreign = run ? undefined : await readForeign(dir);
  if (foreign) return foreign;
  if (!run) throw new UserError(`The run in ${dir} cannot be read: ${problems[0]?.reason ?? "no event is recorded"}`);
  const [whole, base] = await Promise.all([readWhole(dir, events), readBase(dir, events)]);
  return {
    run,
    events: whole,
    base,
    isOurs: true,
    findCheckpoint: async (id) => (await readCheckpoint(dir, id)) ?? rebuildCheckpoint(whole, id, base),
  };
}

/** A run of another system, where the folder holds one. */
async function readForeign(dir: string): Promise<RecordedRun | undefined> {
  const found = await readForeignRun(dir);
  const run = found && runOf(found.events);
  if (!run) return undefined;
  const { events, base = [], checkpointIds } = found;
  const stored = async () => {
    const { checkpoints } = await readPerstackCheckpoints(dirname(dirname(dir)));
    return new Map(checkpoints.map(({ checkpoint }) => [checkpoint.id, checkpoint]));
  };
  return {
    ...{ run, events, base, isOurs: false },
    findCheckpoint: async (id) => (await stored()).get(id) ?? rebuildCheckpoint(events, id, base),
    async newestCheckpoint() {
      const byId = await stored();
      return byId.get(checkpointIds.findLast((id) => byId.has(id)) ?? "");
    },
  };
}

/** What went on before the run, if it did not begin from nothing. Throws `UserError` where its checkpoint is gone. */
async function readBase(dir: string, [start]: readonly RunEvent[]): Promise<Message[]> {
  const checkpoint = await readBeginning(dir, start);
  if (!checkpoint && start?.type === "startRun" && start.checkpointId !== undefined)
    throw new UserError(`The checkpoint ${start.checkpointId}, with which the run in ${dir} began, is gone.`);
  return checkpoint?.messages ?? [];
}

/**
 * The same run again, from where its journal ends. Throws `UserError` where its expert cannot be run any more.
 * @returns how the run ended, where it has finished
 */
export async function prepareGoingOn(
  job: JobContext,
  { run, events, base }: RecordedRun,
  how: { answers: readonly InputAnswer[]; by: string },
): Promise<PreparedRun | { outcome: DelegateOutcome }> {
  const goesOn = goOnFrom(run, events, conversationOf(events, base), how);
  if (run.status === "finished") {
    const { text = "", usage: totalUsage, cost } = run;
    const known = { text, totalUsage, ...(cost !== undefined && { cost }) };
    return { outcome: { status: "finished", ...known, lastStep: goesOn.jobStep } };
  }
  const { runId, expertKey, query, parent } = run;
  const [start] = events;
  return await prepareRun(job, {
    ...{ runId, expertKey, query, goesOn, jobStep: goesOn.jobStep },
    ...(parent?.toolCallId !== undefined && { parent: { runId: parent.runId, toolCallId: parent.toolCallId } }),
    ...(start?.type === "startRun" && { delegatedBy: start.delegatedBy }),
  });
}
