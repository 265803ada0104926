/** The tool calls of a step: prepare, approve, execute, finalize; whatever happens, each call that starts has its end. */
import { messageOf } from "../base/errors";
import { raceAbort } from "../base/raceAbort";
import { lastResultsOf } from "../model/conversation";
import type { ToolCall } from "../model/message";
import { openTodos } from "../model/todos";
import { askInput } from "./askInput";
import { callDelegates } from "./callDelegates";
import type { CallOptions } from "./callOptions";
import { delegateOf, isInput } from "./offeredTool";
import { WorkspaceError } from "./ports";
import { type CallOutcome, errorOutcome, recordCall } from "./recordCall";
import { RunCancelled } from "./runFailure";
import type { RunState } from "./runState";
import { SkillUnavailable } from "./skills/skill";
import { type Tool, ToolError, type ToolOutput } from "./tools/tool";

export interface StepOutcome {
  /** `attemptCompletion` was called, nothing is left to do, and every other call of the step succeeded. */
  isCompleted: boolean;
  /** Calls that only a person can answer: the run stops until then. */
  waitsFor: readonly ToolCall[];
}

/**
 * Tools first, then delegates, then what is asked of a person, completion last.
 * @param calls all of the step's, or those that are left of it where a run goes on in the middle of a step
 * @throws RunCancelled after the calls under way have ended
 */
export async function callTools(
  state: RunState,
  calls: readonly ToolCall[],
  options: CallOptions,
): Promise<StepOutcome> {
  const failed = lastResultsOf(state.messages).flatMap(({ toolName, isError }) => (isError ? [toolName] : []));
  const { ordinary, delegated, asked, completion } = sortCalls(calls, options);
  for (const batch of batchesOf(ordinary, options)) {
    const outcomes = await Promise.all(batch.map((call) => callTool(state, call, options)));
    failed.push(...batch.filter((_, index) => outcomes[index]?.isError).map(({ tool }) => tool));
    throwIfCancelled(options.signal);
  }
  if (delegated.length > 0) failed.push(...(await callDelegates(state, delegated, options)));
  const waitsFor = await askInput(state, asked, options);
  if (waitsFor.length > 0) return { isCompleted: false, waitsFor };
  let isCompleted = false;
  for (const call of completion) {
    const refusal = failed.length > 0 ? () => refuseCompletion(failed) : undefined;
    const outcome = await callTool(state, call, options, refusal);
    throwIfCancelled(options.signal);
    isCompleted ||= failed.length === 0 && !outcome.isError && openTodos(state.todos).length === 0;
  }
  return { isCompleted, waitsFor };
}

const completionTool = "attemptCompletion";

function sortCalls(calls: readonly ToolCall[], { tools }: CallOptions) {
  const completion = calls.filter(({ tool }) => tool === completionTool);
  const others = calls.filter(({ tool }) => tool !== completionTool);
  const delegated = others.filter(({ tool }) => delegateOf(tools.get(tool)) !== undefined);
  // A question that cannot be read is answered at once, as an error.
  const asked = others.filter(({ tool, args }) => isInput(tools.get(tool)) && typeof args !== "string");
  const ordinary = others.filter((call) => !delegated.includes(call) && !asked.includes(call));
  return { ordinary, delegated, asked, completion };
}

/** Calls that only look may run side by side; what changes the world runs alone and in order. */
function batchesOf(calls: readonly ToolCall[], { tools }: CallOptions): ToolCall[][] {
  const batches: ToolCall[][] = [];
  let open: ToolCall[] | undefined;
  for (const call of calls) {
    const offered = tools.get(call.tool);
    const reads = offered && "tool" in offered && offered.tool.effect === "read";
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
  options: CallOptions,
  instead?: () => ToolOutput,
): Promise<CallOutcome> {
  return await recordCall(state, call, options.clock, () => outcomeOf(state, call, options, instead));
}

async function outcomeOf(
  state: RunState,
  call: ToolCall,
  options: CallOptions,
  instead: (() => ToolOutput) | undefined,
): Promise<CallOutcome> {
  try {
    const tool = findTool(call, options);
    if (isUnclear(call, tool, options)) return errorOutcome(unclear, "tool_error");
    const refusal = await refusalOf(state, call, tool, options);
    if (refusal !== undefined) return { ...errorOutcome(refusal, "tool_error"), blockedBy: "approval" };
    const output = instead ? instead() : await execute(state, call, tool, options);
    if (output.isError) return { ...output, isError: true, errorClass: "tool_error" };
    const isHeldUp = call.tool === completionTool && openTodos(state.todos).length > 0;
    return { ...output, isError: false, ...(isHeldUp && { blockedBy: "todos" }) };
  } catch (error) {
    if (options.signal.aborted) return errorOutcome("The run was cancelled.", "cancelled");
    if (error instanceof SkillUnavailable) return errorOutcome(error.message, "skill_unavailable");
    if (!(error instanceof ToolError || error instanceof WorkspaceError)) options.onBug(error);
    return errorOutcome(messageOf(error), "tool_error");
  }
}

function findTool({ tool, args }: ToolCall, { tools }: CallOptions): Tool {
  const found = tools.get(tool);
  if (!found) throw new ToolError(`There is no tool named ${tool}. The tools are: ${[...tools.keys()].join(", ")}.`);
  if (typeof args === "string" || !("tool" in found)) {
    throw new ToolError(
      `The arguments of ${tool} are not valid JSON (cut off, perhaps). Call it again with all of them.`,
    );
  }
  return found.tool;
}

/** What may have changed the world before it was broken off is not done a second time unasked. */
function isUnclear({ id }: ToolCall, { effect }: Tool, { brokenOff }: CallOptions): boolean {
  return (effect === "write" || effect === "exec") && brokenOff?.calls.has(id) === true;
}

const unclear =
  "This call was broken off when the run was interrupted. It is not known how far it got: look before you repeat it.";

async function execute(state: RunState, call: ToolCall, tool: Tool, options: CallOptions): Promise<ToolOutput> {
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
  { approval, standing, newId, signal }: CallOptions,
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
