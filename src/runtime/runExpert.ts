/** The loop: one expert from its query to its end. A function; state lives in `RunState`, effects behind the ports. */
import { messageOf } from "../base/errors";
import type { DefinitionRef, EventOf, EventPayload, Limits } from "../model/events";
import type { EventError } from "../model/failure";
import type { Price } from "../model/prices";
import type { Usage } from "../model/usage";
import { callTools } from "./callTools";
import { type GenerateOptions, generate, roundMs } from "./generate";
import type { Approval, Clock, LanguageModel, RunRecorder, Workspace } from "./ports";
import { eventError, RunCancelled, RunFailure, toEventError } from "./runFailure";
import { type RunIdentity, RunState } from "./runState";
import type { Tool } from "./tools/tool";

export interface RunSetup extends RunIdentity {
  query: string;
  instruction: string;
  /** What cannot be had is the run's first and last news: it is recorded like any other failure. */
  model: LanguageModel | { provider?: string; modelId?: string; failure: EventError };
  price: Price | undefined;
  tools: ReadonlyMap<string, { skill: string; tool: Tool }>;
  limits: Limits;
  /** Steps that the job has had before this run. */
  stepsBefore: number;
  reasoningBudget?: string | number | undefined;
  definition?: DefinitionRef | undefined;
  /** Absolute path of the workspace folder. */
  workspaceRoot?: string | undefined;
  requestId: string;
  runtimeVersion: string;
}

export interface RunPorts {
  recorder: RunRecorder;
  clock: Clock;
  newId(): string;
  /** 0 to 1. */
  random(): number;
  workspace: Workspace;
  approval: Approval | undefined;
  /** For the log. Must not throw. */
  onBug(error: unknown): void;
}

export interface RunOutcome {
  status: "finished" | "failed" | "stopped";
  stopReason?: EventOf<"stopRun">["reason"];
  text?: string;
  error?: EventError;
  totalUsage: Usage;
  /** USD; absent where unknown. */
  cost?: number;
}

/** Never rejects: whatever happens is in the outcome, and in the journal unless the journal itself is what failed. */
export async function runExpert(setup: RunSetup, ports: RunPorts, signal: AbortSignal): Promise<RunOutcome> {
  const { jobId, runId, expertKey, expertVersion, model } = setup;
  const identity = { jobId, runId, expertKey, expertVersion };
  const state = new RunState(identity, ports.recorder, ports.clock, ports.newId, model.modelId);
  const started = ports.clock.elapsed();
  const totals = () => ({
    totalUsage: state.usage,
    ...(state.cost !== undefined && { cost: state.cost }),
    durationMs: roundMs(ports.clock.elapsed() - started),
  });
  try {
    state.emit(startEvent(setup));
    const ending = await work(state, setup, ports, signal);
    if ("text" in ending) {
      state.emit({ type: "finishRun", text: ending.text, ...totals() });
      return { status: "finished", ...ending, ...outcomeTotals(state) };
    }
    state.emit({ type: "stopRun", ...ending, ...totals() });
    return { status: "stopped", stopReason: ending.reason, ...outcomeTotals(state) };
  } catch (thrown) {
    return await endEarly(state, setup, ports, thrown, totals);
  }
}

type Ending = { text: string } | { reason: "maxSteps"; message: string };

async function work(state: RunState, setup: RunSetup, ports: RunPorts, signal: AbortSignal): Promise<Ending> {
  const { model, limits, tools } = setup;
  if ("failure" in model) throw new RunFailure(model.failure, setup.definition);
  const { clock, newId, random, workspace, approval, onBug } = ports;
  const generation: GenerateOptions = {
    model,
    price: setup.price,
    tools: [...tools.values()].map(({ tool }) => tool.definition),
    skillOf: (name) => tools.get(name)?.skill ?? "",
    reasoningBudget: setup.reasoningBudget,
    limits,
    clock,
    random,
    signal,
  };
  const calling = { tools, workspace, approval, clock, newId, signal, onBug, standing: {} };
  for (state.step = setup.stepsBefore + 1; ; state.step += 1) {
    if (state.step > limits.maxSteps) return stoppedBySteps(state, limits);
    if (signal.aborted) throw new RunCancelled();
    const stepStarted = clock.elapsed();
    state.stepUsage = undefined;
    const answer = await generate(state, generation, "answer");
    const calls = answer.toolCalls.map((call) => ({ ...call, skill: generation.skillOf(call.tool) }));
    const { isCompleted } = await callTools(state, calls, calling);
    const text = await finalText(state, generation, answer.text, calls.length === 0, isCompleted);
    await finishStep(state, text === undefined ? "proceeding" : "completed", clock.elapsed() - stepStarted);
    if (text !== undefined) return { text };
  }
}

/** The answer of the run, once there is one: text alone, text beside the completion, or a last word asked for. */
async function finalText(
  state: RunState,
  generation: GenerateOptions,
  text: string,
  isTextOnly: boolean,
  isCompleted: boolean,
): Promise<string | undefined> {
  if (isTextOnly) return text;
  if (!isCompleted) return undefined;
  return text.trim() === "" ? (await generate(state, generation, "lastWord")).text : text;
}

async function finishStep(state: RunState, status: "proceeding" | "completed", durationMs: number): Promise<void> {
  let checkpointId: string;
  try {
    checkpointId = await state.checkpoint(status);
  } catch (error) {
    throw new RunFailure(eventError("transient_io", `The checkpoint could not be stored: ${messageOf(error)}`));
  }
  const usage = state.stepUsage;
  state.emit({ type: "finishStep", ...(usage && { usage }), checkpointId, durationMs: roundMs(durationMs) });
}

function stoppedBySteps(state: RunState, limits: Limits): Ending {
  state.step = Math.max(0, state.step - 1);
  return {
    reason: "maxSteps",
    message: `The limit of ${limits.maxSteps} ${limits.maxSteps === 1 ? "step" : "steps"} for the job is reached. Run it with a higher limit.`,
  };
}

type Totals = () => { totalUsage: Usage; cost?: number; durationMs: number };

async function endEarly(
  state: RunState,
  setup: RunSetup,
  ports: RunPorts,
  thrown: unknown,
  totals: Totals,
): Promise<RunOutcome> {
  const isCancelled = thrown instanceof RunCancelled;
  const error = isCancelled ? eventError("cancelled", "The run was cancelled.") : toEventError(thrown);
  if (error.class === "internal") ports.onBug(thrown);
  const outcome: RunOutcome = isCancelled
    ? { status: "stopped", stopReason: "cancelled", ...outcomeTotals(state) }
    : { status: "failed", error, ...outcomeTotals(state) };
  try {
    // To go on from here one day; a disk that refuses it must not keep the end from being told.
    await state.checkpoint("stoppedByError", error).catch(ports.onBug);
    state.emit(isCancelled ? cancelEvent(totals) : errorEvent(error, thrown, setup, totals));
    return outcome;
  } catch (unrecorded) {
    return { status: "failed", error: toEventError(unrecorded), ...outcomeTotals(state) };
  }
}

function cancelEvent(totals: Totals): EventPayload {
  return { type: "stopRun", reason: "cancelled", message: "Cancelled by the user.", ...totals() };
}

function errorEvent(error: EventError, thrown: unknown, setup: RunSetup, totals: Totals): EventPayload {
  const location = (thrown instanceof RunFailure ? thrown.location : undefined) ?? setup.definition;
  return { type: "errorRun", error, ...(location && { location }), ...totals() };
}

function startEvent(setup: RunSetup): EventPayload {
  const { query, instruction, model, limits, reasoningBudget, definition, expertVersion, requestId, runtimeVersion } =
    setup;
  return {
    type: "startRun",
    query,
    instruction,
    ...(model.provider && { provider: model.provider }),
    ...(model.modelId && { model: model.modelId }),
    limits,
    ...(reasoningBudget !== undefined && { reasoningBudget }),
    ...(definition && { definition }),
    ...(setup.workspaceRoot && { workspace: setup.workspaceRoot }),
    expertVersion,
    requestId,
    runtimeVersion,
    tools: [...setup.tools.keys()],
  };
}

function outcomeTotals(state: RunState): { totalUsage: Usage; cost?: number } {
  return { totalUsage: state.usage, ...(state.cost !== undefined && { cost: state.cost }) };
}
