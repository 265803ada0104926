/** The tool calls of a step: prepare, approve, execute, finalize; whatever happens, each call that starts has its end. */
import { messageOf } from "../base/errors";
import { raceAbort } from "../base/raceAbort";
import type { ErrorClass } from "../model/failure";
import type { ResultPart, ToolCall } from "../model/message";
import { openTodos } from "../model/todos";
import { roundMs } from "./generate";
import type { Approval, Clock, KeptResult, Workspace } from "./ports";
import { WorkspaceError } from "./ports";
import { eventError, RunCancelled, RunFailure } from "./runFailure";
import type { RunState } from "./runState";
import { type Tool, ToolError, type ToolOutput } from "./tools/tool";

export interface CallToolsOptions {
  tools: ReadonlyMap<string, { skill: string; tool: Tool }>;
  workspace: Workspace;
  approval: Approval | undefined;
  clock: Clock;
  newId(): string;
  signal: AbortSignal;
  /** A tool broke in a way nobody expected: for the log. The model hears of it as a tool error. Must not throw. */
  onBug(error: unknown): void;
  /** The answer that holds for the rest of the run. */
  standing: { answer?: { granted: boolean; reason?: string } };
}

export interface StepOutcome {
  /** `attemptCompletion` was called, nothing is left to do, and every other call of the step succeeded. */
  isCompleted: boolean;
}

/** @throws RunCancelled after the calls under way have ended */
export async function callTools(
  state: RunState,
  calls: readonly ToolCall[],
  options: CallToolsOptions,
): Promise<StepOutcome> {
  const completion = calls.filter(({ tool }) => tool === completionTool);
  const others = calls.filter(({ tool }) => tool !== completionTool);
  state.pending = [...others, ...completion];
  const failed: string[] = [];
  for (const batch of batchesOf(others, options)) {
    const outcomes = await Promise.all(batch.map((call) => callTool(state, call, options)));
    failed.push(...batch.filter((_, index) => outcomes[index]?.isError).map(({ tool }) => tool));
    throwIfCancelled(options.signal);
  }
  let isCompleted = false;
  for (const call of completion) {
    const outcome = await callTool(
      state,
      call,
      options,
      failed.length > 0 ? () => refuseCompletion(failed) : undefined,
    );
    throwIfCancelled(options.signal);
    isCompleted ||= failed.length === 0 && !outcome.isError && openTodos(state.todos).length === 0;
  }
  return { isCompleted };
}

const completionTool = "attemptCompletion";

/** Calls that only look may run side by side; what changes the world runs alone and in order. */
function batchesOf(calls: readonly ToolCall[], { tools }: CallToolsOptions): ToolCall[][] {
  const batches: ToolCall[][] = [];
  let open: ToolCall[] | undefined;
  for (const call of calls) {
    const reads = tools.get(call.tool)?.tool.effect === "read";
    if (reads && open) open.push(call);
    else {
      const batch = [call];
      batches.push(batch);
      open = reads ? batch : undefined;
    }
  }
  return batches;
}

/** Perstack would drop the other calls; here they ran, and where one failed the expert hears of it first. */
function refuseCompletion(failed: readonly string[]): ToolOutput {
  const message = `Not completed: ${failed.join(", ")} failed in this step. Look at the results, then go on or complete again.`;
  return { result: [{ type: "textPart", text: JSON.stringify({ error: "Error", message }) }], isError: true };
}

async function callTool(
  state: RunState,
  call: ToolCall,
  options: CallToolsOptions,
  instead?: () => ToolOutput,
): Promise<{ isError: boolean }> {
  const { id: toolCallId, skill, tool, args } = call;
  const started = options.clock.elapsed();
  state.emit({ type: "startToolCall", toolCallId, skill, tool, args });
  const outcome = await outcomeOf(state, call, options, instead);
  const { kept, lost } = await keep(state, outcome.result);
  state.emit(
    {
      type: "finishToolCall",
      toolCallId,
      skill,
      tool,
      isError: outcome.isError,
      ...(outcome.errorClass && { errorClass: outcome.errorClass }),
      ...(outcome.blockedBy && { blockedBy: outcome.blockedBy }),
      ...kept,
      durationMs: roundMs(options.clock.elapsed() - started),
      ...(outcome.touched && outcome.touched.length > 0 && { touched: outcome.touched }),
    },
    outcome.result,
  );
  state.pending = state.pending.filter((each) => each !== call);
  if (lost) throw lost;
  return { isError: outcome.isError };
}

/** A large result that cannot be stored ends the run, but not before the call has its end. */
async function keep(state: RunState, result: ResultPart[]): Promise<{ kept: KeptResult; lost?: RunFailure }> {
  try {
    return { kept: await state.keep(result) };
  } catch (error) {
    const lost = new RunFailure(eventError("transient_io", `A tool's result could not be stored: ${messageOf(error)}`));
    return { kept: { result: [{ type: "textPart", text: lost.message }] }, lost };
  }
}

interface CallOutcome extends ToolOutput {
  isError: boolean;
  errorClass?: ErrorClass;
  blockedBy?: "approval" | "todos";
}

async function outcomeOf(
  state: RunState,
  call: ToolCall,
  options: CallToolsOptions,
  instead: (() => ToolOutput) | undefined,
): Promise<CallOutcome> {
  try {
    const tool = findTool(call, options);
    const refusal = await refusalOf(state, call, tool, options);
    if (refusal !== undefined) return { ...errorOutcome(refusal, "tool_error"), blockedBy: "approval" };
    const output = instead ? instead() : await execute(state, call, tool, options);
    if (output.isError) return { ...output, isError: true, errorClass: "tool_error" };
    const isHeldUp = call.tool === completionTool && openTodos(state.todos).length > 0;
    return { ...output, isError: false, ...(isHeldUp && { blockedBy: "todos" }) };
  } catch (error) {
    if (options.signal.aborted) return errorOutcome("The run was cancelled.", "cancelled");
    if (!(error instanceof ToolError || error instanceof WorkspaceError)) options.onBug(error);
    return errorOutcome(messageOf(error), "tool_error");
  }
}

function errorOutcome(message: string, errorClass: ErrorClass): CallOutcome {
  // A tool whose message is JSON already (such as exec with its output) says it in its own shape.
  const text = message.startsWith("{") ? message : JSON.stringify({ error: "Error", message });
  const result: ResultPart[] = [{ type: "textPart", text }];
  return { result, isError: true, errorClass };
}

function findTool({ tool, args }: ToolCall, { tools }: CallToolsOptions): Tool {
  const found = tools.get(tool);
  if (!found) throw new ToolError(`There is no tool named ${tool}. The tools are: ${[...tools.keys()].join(", ")}.`);
  if (typeof args === "string") {
    throw new ToolError(
      `The arguments of ${tool} are not valid JSON (cut off, perhaps). Call it again with all of them.`,
    );
  }
  return found.tool;
}

async function execute(state: RunState, call: ToolCall, tool: Tool, options: CallToolsOptions): Promise<ToolOutput> {
  const { workspace, clock, signal } = options;
  signal.throwIfAborted();
  const output = tool.execute(call.args, {
    workspace,
    clock,
    signal,
    todos: state.todos,
    setTodos: (todos) => {
      state.todos = todos;
    },
    progress: (text) => {
      if (!signal.aborted) state.stream({ type: "progressTool", toolCallId: call.id, text });
    },
  });
  // A tool that does not heed the signal is left behind, so that cancelling always ends.
  return await raceAbort(output, signal, (giveUp) => clock.after(cancelGraceMs, giveUp));
}

/** Long enough for a process group to be killed the hard way. */
const cancelGraceMs = 5_000;

/** The reason why the call may not be made; `undefined` where it may. */
async function refusalOf(
  state: RunState,
  { id: toolCallId, skill, tool: name, args }: ToolCall,
  tool: Tool,
  { approval, standing, newId, signal }: CallToolsOptions,
): Promise<string | undefined> {
  if (!approval || (tool.effect !== "write" && tool.effect !== "exec")) return undefined;
  if (!standing.answer) {
    const call = { toolCallId, skill, tool: name, effect: tool.effect, summary: tool.summarize(args) };
    const approvalId = newId();
    state.emit({ type: "requestApproval", approvalId, ...call });
    const answer = await approval.ask({ approvalId, ...call, signal }).catch((error: unknown) => {
      const reason = signal.aborted ? "the run was cancelled" : messageOf(error);
      return { granted: false, by: "runtrail", reason, remember: false };
    });
    const { granted, by, reason } = answer;
    state.emit({ type: "resolveApproval", approvalId, granted, by, ...(reason && { reason }) });
    const settled = { granted, ...(reason && { reason }) };
    if (answer.remember) standing.answer = settled;
    return settled.granted ? undefined : refusal(settled.reason);
  }
  return standing.answer.granted ? undefined : refusal(standing.answer.reason);
}

function refusal(reason: string | undefined): string {
  return `Not allowed${reason ? `: ${reason}` : " by the user"}. Go on without changing files or running commands, or say what you would need.`;
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new RunCancelled();
}
