/** What a new run goes on from: a checkpoint of an earlier run, edited or not, or the calls of a step that failed. */
import { basename, dirname } from "node:path";
import { UserError } from "../base/errors";
import type { Checkpoint } from "../model/checkpoint";
import { conversationOf, messagesOf, settlePendingCalls, userMessage } from "../model/conversation";
import type { Origin } from "../model/events";
import type { Message } from "../model/message";
import { todosOf } from "../model/todos";
import type { GoingOn } from "../runtime/beginRun";
import { goOnFrom } from "../runtime/goOn";
import type { StartFrom, StartRequest } from "./app";
import { editMessage } from "./editMessage";
import { type RecordedRun, readRecordedRun } from "./goOnWith";
import type { JobContext } from "./jobContext";
import { findExpert, instructionFor, type WantedRun } from "./prepareRun";

export interface StartingPoint {
  origin: Origin;
  wantedIn(job: JobContext): Promise<Omit<WantedRun, "runId">>;
}

/** Throws `UserError` where there is no such run or checkpoint, or the run is not one to go on from. */
export async function findStart(from: StartFrom, request: StartRequest): Promise<StartingPoint> {
  const earlier = await readEarlier(from.dir);
  const { jobId, runId } = earlier;
  const stays = from.kind !== "fork" && from.kind !== "rerun";
  if (stays && earlier.isDelegate) {
    throw new UserError(
      "This run is a delegate's. Go on from a checkpoint of the run that called it, or fork this one.",
    );
  }
  if (stays && earlier.expertKey !== request.expertKey) {
    throw new UserError(
      `The run ${runId} is of the expert “${earlier.expertKey}”, not of “${request.expertKey}”. Fork it to go on with another.`,
    );
  }
  const query = request.query.trim() === "" ? earlier.query : request.query;
  if (from.kind === "rerun") {
    const origin: Origin = { kind: "rerun", jobId, runId };
    return { origin, wantedIn: async () => ({ expertKey: request.expertKey, query, jobStep: 0, origin }) };
  }
  const point = await earlier.pointAt(from);
  const origin = originOf(from, request, earlier, point.checkpointId);
  return {
    origin,
    wantedIn: async (job) => {
      const messages = withQuery(withInstruction(withEdit(point.messages, from), from, job, request), request, origin);
      const { jobStep } = point;
      const isNewTask = request.query.trim() !== "";
      const goesOn: GoingOn = {
        messages,
        todos: isNewTask ? [] : todosOf(messages),
        step: jobStep,
        jobStep,
        input: { answers: request.answers ?? [], by: "user", asked: new Set() },
      };
      return { expertKey: request.expertKey, query, goesOn, jobStep, origin };
    },
  };
}

export interface Point {
  checkpointId: string | undefined;
  messages: Message[];
  jobStep: number;
}

interface EarlierRun {
  jobId: string;
  runId: string;
  expertKey: string;
  query: string;
  isDelegate: boolean;
  model: string | undefined;
  provider: string | undefined;
  pointAt(from: StartFrom): Promise<Point>;
}

async function readEarlier(dir: string): Promise<EarlierRun> {
  const recorded = await readRecordedRun(dir);
  const { jobId, runId, expertKey, query, parent, model, provider } = recorded.run;
  return {
    ...{ jobId, runId, expertKey, query, model, provider },
    isDelegate: parent !== undefined,
    pointAt: async (from) =>
      from.kind === "retry" ? failedCallsOf(recorded, from.step) : await checkpointOf(dir, recorded, from.checkpointId),
  };
}

export async function checkpointOf(dir: string, recorded: RecordedRun, wanted: string | undefined): Promise<Point> {
  if (wanted === undefined && recorded.isOurs) return wholeOf(recorded);
  const id = wanted ?? recorded.run.checkpointId;
  const checkpoint = id === undefined ? await recorded.newestCheckpoint?.() : await recorded.findCheckpoint(id);
  if (checkpoint) return pointOf(checkpoint);
  // Broken off before its first checkpoint.
  if (id === undefined) return wholeOf(recorded);
  throw new UserError(
    `There is no checkpoint ${id} of the run ${basename(dir)} in ${dirname(dir)}. Its steps name those that are there.`,
  );
}

/** All that the journal tells: where a run was broken off, that is more than its newest checkpoint holds. */
function wholeOf({ run, events, base }: RecordedRun): Point {
  const messages = conversationOf(events, base);
  const { jobStep } = goOnFrom(run, events, messages, { answers: [], by: "" });
  return { checkpointId: run.checkpointId, messages, jobStep };
}

function pointOf(checkpoint: Checkpoint): Point {
  return { checkpointId: checkpoint.id, messages: messagesOf(checkpoint), jobStep: checkpoint.stepNumber };
}

/** The conversation up to the step, with the results of what succeeded in it: what failed is pending again. */
function failedCallsOf({ run, events, base }: RecordedRun, wanted: number | undefined): Point {
  const failed = run.failures.findLast(
    ({ toolCallId, step }) => toolCallId !== undefined && (wanted === undefined || step === wanted),
  );
  const step = failed?.step;
  if (step === undefined) {
    const where = wanted === undefined ? `The run ${run.runId}` : `Step ${wanted} of the run ${run.runId}`;
    throw new UserError(`${where} has no tool call that failed: there is nothing to make again.`);
  }
  const end = events.findLastIndex((event) => event.step === step && event.type === "finishToolCall") + 1;
  const kept = events
    .slice(0, end)
    .filter((event) => !(event.type === "finishToolCall" && event.step === step && event.isError));
  const before = events.slice(
    0,
    events.findIndex((event) => event.step === step),
  );
  const checkpoint = before.findLast((event) => event.type === "finishStep");
  return {
    checkpointId: checkpoint?.type === "finishStep" ? checkpoint.checkpointId : undefined,
    messages: conversationOf(kept, base),
    jobStep: step,
  };
}

function withEdit(messages: Message[], { edit }: StartFrom): Message[] {
  return edit ? editMessage(messages, edit) : messages;
}

function withInstruction(
  messages: Message[],
  { isNewInstruction }: StartFrom,
  job: JobContext,
  { expertKey }: StartRequest,
): Message[] {
  if (!isNewInstruction) return messages;
  const text = instructionFor(job, expertKey, findExpert(job, expertKey).expert);
  return messages.map((message) =>
    message.type === "instructionMessage"
      ? { ...message, contents: [{ type: "textPart", id: `${message.id}-0`, text }] }
      : message,
  );
}

/** A new query leaves behind what was pending: the model is told so, call by call. */
function withQuery(messages: Message[], { query, answers }: StartRequest, origin: Origin): Message[] {
  if (query.trim() === "" || (answers && answers.length > 0)) return messages;
  const id = `${origin.kind}-${origin.checkpointId ?? origin.runId}`;
  const settled = settlePendingCalls(messages, `${id}-left`, "Not done: the run was stopped before it.");
  return [...settled, userMessage(`${id}-query`, query)];
}

function originOf(
  from: StartFrom,
  request: StartRequest,
  earlier: EarlierRun,
  checkpointId: string | undefined,
): Origin {
  const changed = [
    from.edit || (from.kind === "fork" && request.query.trim() !== "") ? "message" : "",
    from.isNewInstruction ? "definition" : "",
    earlier.expertKey === request.expertKey ? "" : "expert",
    differs(request.model, earlier.model) || differs(request.provider, earlier.provider) ? "model" : "",
  ].filter(Boolean);
  const { jobId, runId } = earlier;
  return {
    ...{ kind: from.kind, jobId, runId },
    ...(checkpointId !== undefined && { checkpointId }),
    ...(changed.length > 0 && { changed }),
  };
}

function differs(wanted: string | undefined, recorded: string | undefined): boolean {
  return wanted !== undefined && wanted !== recorded;
}
