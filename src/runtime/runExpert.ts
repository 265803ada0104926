/** The loop: one expert from its query to its end. A function; state lives in `RunState`, effects behind the ports. */
import { messageOf } from "../base/errors";
import { pendingCallsOf } from "../model/conversation";
import type { DefinitionRef, EventOf, EventPayload, Limits } from "../model/events";
import { cancelError, type EventError } from "../model/failure";
import type { Message, ToolCall } from "../model/message";
import type { Price } from "../model/prices";
import type { Usage } from "../model/usage";
import { type BeginOptions, beginRun, type RunBeginning } from "./beginRun";
import type { CallOptions } from "./callOptions";
import { callTools } from "./callTools";
import { type GenerateOptions, generate, roundMs } from "./generate";
import { definitionOf, type OfferedTools } from "./offeredTool";
import type { Approval, Clock, Delegation, JobBudget, LanguageModel, Redactor, RunRecorder, Workspace } from "./ports";
import { eventError, RunCancelled, RunFailure, toEventError } from "./runFailure";
import { type RunIdentity, RunState } from "./runState";
import { type SkillSession, type SkillSource, SkillUnavailable } from "./skills/skill";

export interface RunSetup extends RunIdentity, BeginOptions {
  begins: RunBeginning;
  /** What cannot be had is the run's first and last news: it is recorded like any other failure. */
  model: LanguageModel | { provider?: string; modelId?: string; failure: EventError };
  price: Price | undefined;
  /** What is offered without a connection. */
  tools: OfferedTools;
  /** Opened before the first step, closed after the last. */
  skills?: SkillSource | undefined;
  limits: Limits;
  reasoningBudget?: string | number | undefined;
  definition?: DefinitionRef | undefined;
}

export interface RunPorts {
  recorder: RunRecorder;
  clock: Clock;
  newId(): string;
  /** 0 to 1. */
  random(): number;
  workspace: Workspace;
  approval: Approval | undefined;
  /** The answer that holds for the rest of the job. */
  standing: CallOptions["standing"];
  delegation?: Delegation | undefined;
  budget?: JobBudget | undefined;
  redactor: Redactor;
  /** For the log. Must not throw. */
  onBug(error: unknown): void;
}

export interface RunOutcome {
  status: "finished" | "failed" | "stopped";
  stopReason?: EventOf<"stopRun">["reason"];
  text?: string;
  error?: EventError;
  /** Its own and its delegates'. */
  totalUsage: Usage;
  /** USD, its own and its delegates'; absent where unknown. */
  cost?: number;
  /** The job's last step so far. */
  lastStep: number;
}

/** Never rejects: whatever happens is in the outcome, and in the journal unless the journal itself is what failed. */
export async function runExpert(setup: RunSetup, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const { model, begins } = setup;
  const identity = { jobId: setup.jobId, runId: setup.runId, expertKey: setup.expertKey };
  const { expertVersion, delegatedBy } = setup;
  const standing = "instruction" in begins ? { ...begins, step: 0, messages: [], todos: [] } : begins;
  const skillOf = (tool: string) => setup.tools.get(tool)?.skill ?? "";
  const state = new RunState({ ...identity, expertVersion, delegatedBy }, ports, model.modelId, standing, skillOf);
  const started = ports.clock.elapsed();
  const totals = (checkpointId?: string) => ({
    totalUsage: state.usage,
    ...(state.cost !== undefined && { cost: state.cost }),
    durationMs: roundMs(ports.clock.elapsed() - started),
    ...(checkpointId && { checkpointId }),
  });
  try {
    await beginRun(state, setup);
    const { checkpointId, ...ending } = await workWithSkills(state, setup, ports, signal);
    if ("text" in ending) {
      const text = ports.redactor.text(ending.text);
      state.emit({ type: "finishRun", text, ...totals(checkpointId) });
      return { status: "finished", text, ...outcomeTotals(state) };
    }
    state.emit({ type: "stopRun", ...ending, ...totals(checkpointId) });
    return { status: "stopped", stopReason: ending.reason, ...outcomeTotals(state) };
  } catch (thrown) {
    return await endEarly(state, setup, ports, thrown, totals);
  }
}

type Ending = { checkpointId: string } & (
  | { text: string }
  | { reason: "maxSteps" | "budget" | "input"; message: string }
);

async function workWithSkills(state: RunState, setup: RunSetup, ports: RunPorts, signal: AbortSignal): Promise<Ending> {
  if ("failure" in setup.model) throw new RunFailure(setup.model.failure, setup.definition);
  if (signal.aborted) throw new RunCancelled();
  let session: SkillSession | undefined;
  try {
    session = await setup.skills?.open({
      ...{ workspaceRoot: ports.workspace.root, clock: ports.clock, signal },
      emit: (...events) => state.emitAll(events),
    });
    return await work(state, setup, { ...ports, tools: withSkills(setup.tools, session) }, signal);
  } catch (error) {
    if (signal.aborted) throw new RunCancelled();
    if (!(error instanceof SkillUnavailable)) throw error;
    throw new RunFailure(eventError("skill_unavailable", error.message), setup.definition);
  } finally {
    await session?.close();
  }
}

/** What is built in, a delegate or a question keeps its name; the skills know which names are taken. */
function withSkills(own: OfferedTools, session: SkillSession | undefined): OfferedTools {
  const added = (session?.tools ?? []).map((each) => [each.tool.definition.name, each] as const);
  return new Map([...added, ...own]);
}

async function work(
  state: RunState,
  setup: RunSetup,
  ports: RunPorts & { tools: OfferedTools },
  signal: AbortSignal,
): Promise<Ending> {
  const { limits, begins } = setup;
  const { clock } = ports;
  const generation = generateOptions(setup, ports, signal);
  state.skillOf = generation.skillOf;
  const goesOn = "instruction" in begins ? undefined : begins;
  const { workspace, approval, delegation, newId, onBug, standing } = ports;
  const calling: CallOptions = {
    ...{ tools: ports.tools, workspace, approval, delegation, clock, newId, signal, onBug, standing },
    brokenOff: goesOn?.brokenOff,
    input: goesOn?.input,
  };
  if (goesOn?.isAnswered) {
    return { text: saidLast(state.messages), checkpointId: await finishStep(state, "completed", 0) };
  }
  // A run that goes on in the middle of a step first does what is left of it.
  let left = pendingCallsOf(state.messages).map((call) => ({ ...call, skill: generation.skillOf(call.tool) }));
  for (;;) {
    if (signal.aborted) throw new RunCancelled();
    const stepStarted = clock.elapsed();
    let calls: readonly ToolCall[] = left;
    if (left.length > 0) state.step = goesOn?.step ?? state.jobStep;
    else {
      const reached = await reachedLimit(state, limits, ports.budget);
      if (reached) return reached;
      state.step = state.jobStep + 1;
      state.stepUsage = undefined;
      const answer = await generate(state, generation, "answer");
      calls = answer.toolCalls.map((call) => ({ ...call, skill: generation.skillOf(call.tool) }));
    }
    // A server may give a later call the id of an earlier one: what was answered or broken off is of the calls left.
    const options = left.length > 0 ? calling : { ...calling, brokenOff: undefined, input: undefined };
    left = [];
    const { isCompleted, waitsFor } = await callTools(state, calls, options);
    if (waitsFor.length > 0) return await stopForInput(state, waitsFor);
    const text = await finalText(state, generation, calls.length === 0, isCompleted);
    const duration = clock.elapsed() - stepStarted;
    const checkpointId = await finishStep(state, text === undefined ? "proceeding" : "completed", duration);
    if (text !== undefined) return { text, checkpointId };
  }
}

function generateOptions(
  setup: RunSetup,
  { clock, random, redactor, tools }: RunPorts & { tools: OfferedTools },
  signal: AbortSignal,
): GenerateOptions {
  const { model, price, reasoningBudget, limits, jobId } = setup;
  if ("failure" in model) throw new RunFailure(model.failure, setup.definition);
  return {
    ...{ model, price, reasoningBudget, limits, clock, random, signal },
    cacheKey: jobId,
    tools: redactor.value([...tools.values()].map(definitionOf)),
    skillOf: (name) => tools.get(name)?.skill ?? "",
  };
}

/** The answer of the run, once there is one: text alone, text beside the completion, or a last word asked for. */
async function finalText(
  state: RunState,
  generation: GenerateOptions,
  isTextOnly: boolean,
  isCompleted: boolean,
): Promise<string | undefined> {
  if (!isTextOnly && !isCompleted) return undefined;
  const text = saidLast(state.messages);
  return isTextOnly || text.trim() !== "" ? text : (await generate(state, generation, "lastWord")).text;
}

function saidLast(messages: readonly Message[]): string {
  const last = messages.findLast(({ type }) => type === "expertMessage");
  const parts = last?.type === "expertMessage" ? last.contents : [];
  return parts.flatMap((part) => (part.type === "textPart" ? [part.text] : [])).join("");
}

async function finishStep(state: RunState, status: "proceeding" | "completed", durationMs: number): Promise<string> {
  let checkpointId: string;
  try {
    checkpointId = await state.checkpoint(status);
  } catch (error) {
    throw new RunFailure(eventError("transient_io", `The checkpoint could not be stored: ${messageOf(error)}`));
  }
  const usage = state.stepUsage;
  const isLast = status === "completed";
  const known = { ...(usage && { usage }), checkpointId, durationMs: roundMs(durationMs), ...(isLast && { isLast }) };
  state.emit({ type: "finishStep", ...known });
  return checkpointId;
}

async function reachedLimit(
  state: RunState,
  limits: Limits,
  budget: JobBudget | undefined,
): Promise<Ending | undefined> {
  const spent = budget?.exceeded();
  const isAtEnd = state.jobStep >= limits.maxSteps;
  if (!isAtEnd && spent === undefined) return undefined;
  const checkpointId = await state.checkpoint("stoppedByExceededMaxSteps");
  if (spent !== undefined) return { reason: "budget", message: spent, checkpointId };
  const steps = `${limits.maxSteps} ${limits.maxSteps === 1 ? "step" : "steps"}`;
  const message = `The limit of ${steps} for the job is reached. Go on with a higher limit.`;
  return { reason: "maxSteps", message, checkpointId };
}

async function stopForInput(state: RunState, waitsFor: readonly ToolCall[]): Promise<Ending> {
  const checkpointId = await state.checkpoint("stoppedByInteractiveTool");
  const what = waitsFor.length === 1 ? "an answer" : `${waitsFor.length} answers`;
  return {
    reason: "input",
    message: `Waits for ${what}: ${waitsFor.map(({ tool }) => tool).join(", ")}.`,
    checkpointId,
  };
}

type Totals = (checkpointId?: string) => {
  totalUsage: Usage;
  cost?: number;
  durationMs: number;
  checkpointId?: string;
};

async function endEarly(
  state: RunState,
  setup: RunSetup,
  ports: RunPorts,
  thrown: unknown,
  totals: Totals,
): Promise<RunOutcome> {
  const isCancelled = thrown instanceof RunCancelled;
  const found = isCancelled ? cancelError : toEventError(thrown);
  const error = ports.redactor.value(found);
  if (error.class === "internal") ports.onBug(thrown);
  try {
    // To go on from here one day; a disk that refuses it must not keep the end from being told.
    const checkpointId = await state.checkpoint("stoppedByError", { error }).catch((refused: unknown) => {
      ports.onBug(refused);
      return undefined;
    });
    state.emit(
      isCancelled ? cancelEvent(totals(checkpointId)) : errorEvent(error, thrown, setup, totals(checkpointId)),
    );
    return isCancelled
      ? { status: "stopped", stopReason: "cancelled", ...outcomeTotals(state) }
      : { status: "failed", error, ...outcomeTotals(state) };
  } catch (unrecorded) {
    return { status: "failed", error: ports.redactor.value(toEventError(unrecorded)), ...outcomeTotals(state) };
  }
}

function cancelEvent(totals: ReturnType<Totals>): EventPayload {
  return { type: "stopRun", reason: "cancelled", message: "Cancelled by the user.", ...totals };
}

function errorEvent(error: EventError, thrown: unknown, setup: RunSetup, totals: ReturnType<Totals>): EventPayload {
  const location = (thrown instanceof RunFailure ? thrown.location : undefined) ?? setup.definition;
  return { type: "errorRun", error, ...(location && { location }), ...totals };
}

function outcomeTotals(state: RunState): Pick<RunOutcome, "totalUsage" | "cost" | "lastStep"> {
  return {
    totalUsage: state.usage,
    ...(state.cost !== undefined && { cost: state.cost }),
    lastStep: state.jobStep,
  };
}
