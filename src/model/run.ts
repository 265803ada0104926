/** What a run is, for every view: `reduceRun` folds events into steps, items and failures, live and read back alike. */

import { noUsage } from "./addUsage";
import { isLive } from "./eventKinds";
import type {
  AnyEvent,
  DefinitionRef,
  EventOf,
  FinishReason,
  InputRequest,
  Limits,
  Origin,
  RunEvent,
  TouchedFile,
} from "./events";
import type { ErrorClass, EventError, Failure } from "./failure";
import { failureOf, isSameFailure } from "./failures";
import type { ReasoningPart, ResultPart, ToolCall } from "./message";
import { applyNode } from "./nodeItems";
import { addDelegate, noSpending, type Spending, spendGeneration, totalCostOf, totalUsageOf } from "./spending";
import type { Usage } from "./usage";

export type RunStatus = "running" | "finished" | "failed" | "stopped" | "unknown";

export interface Generation {
  kind: "generation";
  seq: number;
  attempt: number;
  startedAt: number;
  finishedAt?: number;
  finishReason?: FinishReason;
  usage?: Usage;
  cost?: number;
  text?: string;
  reasoning?: ReasoningPart[];
  toolCalls: ToolCall[];
  timeToFirstTokenMs?: number;
  /** Absent while it goes on, and where it is not known. */
  durationMs?: number;
  error?: EventError;
}

export interface ToolCallItem {
  kind: "toolCall";
  seq: number;
  toolCallId: string;
  skill: string;
  tool: string;
  args: unknown;
  startedAt: number;
  finishedAt?: number;
  /** Absent while it goes on, and where it is not known. */
  durationMs?: number;
  isError?: boolean;
  errorClass?: ErrorClass;
  result?: ResultPart[];
  spilled?: { file: string; bytes: number };
  touched?: TouchedFile[];
  /** The run of the delegate, where the call delegates. */
  childRunId?: string;
}

/** One execution of a node of a workflow: an item of its list, or an attempt. */
export interface NodeItem {
  kind: "node";
  /** Of the newest event about it. */
  seq: number;
  node: string;
  /** Counted from 1; absent where the node is executed once. */
  iteration?: number;
  phase?: string;
  state: "ready" | "running" | "finished" | "failed" | "skipped";
  /** Absent for one that did not start: skipped, or taken from the cache. */
  startedAt?: number;
  finishedAt?: number;
  /** Why it failed or was skipped. */
  reason?: string;
  isCached?: boolean;
  isInferred?: boolean;
  usage?: Usage;
  cost?: number;
}

/** Any other event, shown as it stands. */
export interface NoteItem {
  kind: "note";
  seq: number;
  event: RunEvent;
}

export type StepItem = Generation | ToolCallItem | NodeItem | NoteItem;

export interface Step {
  step: number;
  startedAt: number;
  finishedAt?: number;
  /** The node that the step is about, in a workflow. */
  node?: string;
  usage?: Usage;
  checkpointId?: string;
  items: StepItem[];
  /** How many executions of its node have not ended; absent: none. */
  openNodes?: number;
}

/** Steps of a run that are not in `Run.steps`, as only a part of them is looked at or kept. */
export interface OmittedSteps {
  /** In how many something was done. */
  count: number;
  /** The highest of those before the ones that are there. */
  upTo: number;
}

export interface Run {
  jobId: string;
  runId: string;
  expertKey: string;
  status: RunStatus;
  query: string;
  provider?: string;
  model?: string;
  limits?: Limits;
  definition?: DefinitionRef;
  parent?: { runId: string; toolCallId?: string };
  origin?: Origin;
  startedAt: number;
  finishedAt?: number;
  stopReason?: EventOf<"stopRun">["reason"];
  text?: string;
  error?: EventError;
  errorLocation?: DefinitionRef;
  /** Its own and its delegates'; absent where nothing tells it. */
  usage?: Usage;
  /** USD, its own and its delegates'; absent where it is not known. */
  cost?: number;
  spending: Spending;
  /** The newest checkpoint to go on from. */
  checkpointId?: string;
  /** What happened before the first step, such as connecting skills. */
  preparation: NoteItem[];
  steps: Step[];
  /** Where `steps` are not all of them. */
  omitted?: OmittedSteps;
  /** The highest so far; 0 before the first. */
  lastStep: number;
  failures: Failure[];
  eventCount: number;
  lastSeq: number;
  /** The tool call that waits for an approval. */
  waitingFor?: { approvalId: string; summary: string };
  /** The questions without an answer; those of a run that stopped for input are for the user. */
  inputRequests: InputRequest[];
}

/** Folds one event into `run` in place (the caller owns it) and gives it back; the first event makes it. */
export function reduceRun(run: Run | undefined, event: AnyEvent): Run {
  const state = run ?? createRun(event);
  if (isLive(event)) return state;
  state.eventCount += 1;
  state.lastSeq = Math.max(state.lastSeq, event.seq);
  const failure = failureOf(event);
  if (failure) addFailure(state.failures, failure);
  applyEvent(state, event);
  state.lastStep = Math.max(state.lastStep, event.step);
  return state;
}

/** A run as its events tell it; `undefined` where there are none. */
export function runOf(events: Iterable<AnyEvent>): Run | undefined {
  let run: Run | undefined;
  for (const event of events) run = reduceRun(run, event);
  return run;
}

function createRun({ jobId, runId, expertKey, timestamp }: AnyEvent): Run {
  return {
    jobId,
    runId,
    expertKey,
    status: "running",
    query: "",
    startedAt: timestamp,
    spending: { ...noSpending, delegates: {} },
    inputRequests: [],
    preparation: [],
    steps: [],
    lastStep: 0,
    failures: [],
    eventCount: 0,
    lastSeq: 0,
  };
}

function applyEvent(run: Run, event: RunEvent): void {
  switch (event.type) {
    case "startRun": {
      const { query, provider, model, limits, definition, parent, origin, checkpointId, timestamp } = event;
      Object.assign(run, { query, limits, startedAt: timestamp });
      Object.assign(run, defined({ provider, model, definition, parent, origin, checkpointId }));
      return;
    }
    case "startGeneration": {
      const { seq, attempt, timestamp } = event;
      stepOf(run, event).items.push({ kind: "generation", seq, attempt, startedAt: timestamp, toolCalls: [] });
      return;
    }
    case "finishGeneration":
      finishGeneration(run, event);
      return;
    case "startToolCall": {
      const { seq, toolCallId, skill, tool, args, timestamp } = event;
      const item: ToolCallItem = { kind: "toolCall", seq, toolCallId, skill, tool, args, startedAt: timestamp };
      stepOf(run, event).items.push(item);
      return;
    }
    case "finishToolCall":
      finishToolCall(run, event);
      return;
    case "startDelegation": {
      const item = openCall(run, event);
      if (item) item.childRunId = event.childRunId;
      if (event.checkpointId !== undefined) run.checkpointId = event.checkpointId;
      pushNote(run, event);
      return;
    }
    case "readyNode":
    case "startNode":
    case "finishNode":
    case "failNode":
    case "skipNode":
      applyNode(stepOf(run, event), event);
      if (event.type === "finishNode" && event.usage && !event.isCached)
        spend(run, spendGeneration(run.spending, event));
      return;
    case "retryNode":
      for (const failure of run.failures) {
        if (failure.step === event.step && failure.grade === "blocked") failure.grade = "recovered";
      }
      pushNote(run, event);
      return;
    case "finishDelegation":
      addDelegate(run.spending, event.childRunId, event);
      spend(run, run.spending);
      pushNote(run, event);
      return;
    case "requestInput": {
      const { toolCallId, skill, tool, args, schema } = event;
      run.inputRequests.push({ toolCallId, skill, tool, args, ...defined({ schema }) });
      pushNote(run, event);
      return;
    }
    case "receiveInput":
      run.inputRequests = run.inputRequests.filter(({ toolCallId }) => toolCallId !== event.toolCallId);
      pushNote(run, event);
      return;
    case "requestApproval":
      run.waitingFor = { approvalId: event.approvalId, summary: event.summary };
      pushNote(run, event);
      return;
    case "resolveApproval":
      delete run.waitingFor;
      pushNote(run, event);
      return;
    case "finishStep": {
      const step = stepOf(run, event);
      step.finishedAt = event.timestamp;
      Object.assign(step, defined({ usage: event.usage, checkpointId: event.checkpointId }));
      if (event.checkpointId !== undefined) run.checkpointId = event.checkpointId;
      return;
    }
    case "finishRun":
      run.status = "finished";
      run.text = event.text;
      endRun(run, event);
      return;
    case "stopRun":
      run.status = "stopped";
      run.stopReason = event.reason;
      endRun(run, event);
      pushNote(run, event);
      return;
    case "errorRun":
      run.status = "failed";
      run.error = event.error;
      if (event.location) run.errorLocation = event.location;
      endRun(run, event);
      pushNote(run, event);
      return;
    case "resumeRun":
      run.status = "running";
      delete run.finishedAt;
      delete run.stopReason;
      delete run.error;
      delete run.errorLocation;
      Object.assign(run, defined({ limits: event.limits, provider: event.provider, model: event.model }));
      pushNote(run, event);
      return;
    default:
      pushNote(run, event);
  }
}

function finishGeneration(run: Run, event: EventOf<"finishGeneration">): void {
  const generation = stepOf(run, event).items.findLast((item) => item.kind === "generation");
  if (generation?.kind === "generation") {
    const { finishReason, toolCalls, timestamp, usage, cost, text, reasoning, timeToFirstTokenMs, durationMs, error } =
      event;
    Object.assign(generation, { finishReason, toolCalls, finishedAt: timestamp });
    Object.assign(generation, defined({ usage, cost, text, reasoning, timeToFirstTokenMs, durationMs, error }));
  }
  spend(run, spendGeneration(run.spending, event));
}

function addFailure(failures: Failure[], failure: Failure): void {
  if (isSameFailure(failures.at(-1), failure)) failures.pop();
  failures.push(failure);
}

function spend(run: Run, spending: Spending): void {
  run.spending = spending;
  const usage = totalUsageOf(spending);
  if (run.usage || usage !== noUsage) run.usage = usage;
  setCost(run, totalCostOf(spending));
}

function setCost(run: Run, cost: number | undefined): void {
  if (cost === undefined) delete run.cost;
  else run.cost = cost;
}

function finishToolCall(run: Run, event: EventOf<"finishToolCall">): void {
  const item = openCall(run, event);
  if (!item) return;
  const { isError, errorClass, result, spilled, touched, durationMs, timestamp } = event;
  const known = defined({ errorClass, spilled, touched, durationMs });
  Object.assign(item, { isError, result, finishedAt: timestamp }, known);
}

function openCall(run: Run, event: RunEvent & { toolCallId: string }): ToolCallItem | undefined {
  return stepOf(run, event).items.findLast(
    (each): each is ToolCallItem =>
      each.kind === "toolCall" && each.toolCallId === event.toolCallId && each.finishedAt === undefined,
  );
}

function endRun(run: Run, event: EventOf<"finishRun" | "stopRun" | "errorRun">): void {
  run.finishedAt = event.timestamp;
  if (event.totalUsage) run.usage = event.totalUsage;
  setCost(run, event.cost);
  if (event.checkpointId !== undefined) run.checkpointId = event.checkpointId;
  delete run.waitingFor;
}

function pushNote(run: Run, event: RunEvent): void {
  const items = event.step > 0 ? stepOf(run, event).items : run.preparation;
  items.push({ kind: "note", seq: event.seq, event });
}

function stepOf(run: Run, { step, timestamp }: RunEvent): Step {
  // Looking for a step that is not there yet would take longer with each.
  const known = step > run.lastStep ? undefined : run.steps.findLast((each) => each.step === step);
  if (known) return known;
  const added: Step = { step, startedAt: timestamp, items: [] };
  run.steps.push(added);
  run.lastStep = Math.max(run.lastStep, step);
  // It comes back, and was counted.
  if (run.omitted && step <= run.omitted.upTo) run.omitted.count -= 1;
  return added;
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
