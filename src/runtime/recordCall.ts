/** One call from its start to its end: whatever happens in between, an end is recorded. */
import { messageOf } from "../base/errors";
import type { ErrorClass } from "../model/failure";
import type { ResultPart, ToolCall } from "../model/message";
import { roundMs } from "./generate";
import type { Clock, KeptResult } from "./ports";
import { eventError, RunFailure } from "./runFailure";
import type { RunState } from "./runState";
import type { ToolOutput } from "./tools/tool";

export interface CallOutcome extends ToolOutput {
  isError: boolean;
  errorClass?: ErrorClass;
  blockedBy?: "approval" | "todos";
}

/** @param perform must not throw but for a run that cannot go on */
export async function recordCall(
  state: RunState,
  call: ToolCall,
  clock: Clock,
  perform: () => Promise<CallOutcome>,
): Promise<CallOutcome> {
  const { id: toolCallId, skill, tool, args } = call;
  const started = clock.elapsed();
  state.emit({ type: "startToolCall", toolCallId, skill, tool, args });
  const outcome = await perform();
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
      durationMs: roundMs(clock.elapsed() - started),
      ...(outcome.touched && outcome.touched.length > 0 && { touched: outcome.touched }),
    },
    kept.spilled && outcome.result,
  );
  if (lost) throw lost;
  return outcome;
}

/** An error as Perstack's tools tell it: JSON text in one part. */
export function errorOutcome(message: string, errorClass: ErrorClass): CallOutcome {
  // A tool whose message is JSON already (such as exec with its output) says it in its own shape.
  const text = message.startsWith("{") ? message : JSON.stringify({ error: "Error", message });
  return { result: [{ type: "textPart", text }], isError: true, errorClass };
}

export function textOutcome(text: string): CallOutcome {
  return { result: [{ type: "textPart", text }], isError: false };
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
