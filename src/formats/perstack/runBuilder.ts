/** Writes the events of one run of ours out of what Perstack recorded: retries, delegations and waiting steps. */
import { addUsage, noUsage, subtractUsage } from "../../model/addUsage";
import type { EventPayload, Limits } from "../../model/events";
import type { ResultPart } from "../../model/message";
import { spendDelegate, totalUsageOf } from "../../model/spending";
import type { Usage } from "../../model/usage";
import { type Ending, ForeignRunBuilder, type Source } from "../foreignRunBuilder";
import { hasOpenTodos, isFailure } from "./perstackMessages";

interface OpenDelegation {
  childRunId: string;
  step: number;
  isDone: boolean;
}

type Child = { status: Ending["type"] | "open"; text?: string; error?: (Ending & { type: "errorRun" })["error"] };

export class RunBuilder extends ForeignRunBuilder {
  readonly delegations = new Map<string, OpenDelegation>();
  readonly asked = new Set<string>();
  limits: Limits | undefined;
  /** Of the conversation. */
  messageCount = 0;
  /** Answers in a row that were none. */
  retries = 0;
  /** By the answers of the newest step with one. */
  private answered = { step: 0, usage: noUsage };
  /** What ends the step that waits for delegates. */
  waitingStep: { step: number; payload: EventPayload & { type: "finishStep" } } | undefined;

  ask(source: Source, messageCount = this.messageCount): void {
    this.messageCount = messageCount;
    this.startGeneration(source, { attempt: this.retries + 1, messageCount });
  }

  /** Asks first where that is lost. */
  answer(answer: Parameters<ForeignRunBuilder["finishGeneration"]>[0], source: Source): void {
    if (!this.generation) this.ask(source);
    if (this.answered.step !== this.step) this.answered = { step: this.step, usage: noUsage };
    this.answered.usage = addUsage(this.answered.usage, answer.usage);
    this.finishGeneration(answer, source);
    if (!answer.error && (answer.text || answer.toolCalls.length > 0)) this.messageCount += 1;
  }

  /** What a step used beyond the answers that were told in it: an answer that was none is told by nothing else. */
  leftOf(used: Usage | undefined): { usage?: Usage } {
    const { step, usage } = this.answered;
    const left = used && subtractUsage(used, step === this.step ? usage : noUsage);
    return left && left.totalTokens > 0 ? { usage: left } : {};
  }

  /** Whether a person gave it, and whether it is marked as a failure. */
  settleCall(id: string, result: ResultPart[], source: Source, { isReply = false, isMarked = false } = {}): void {
    const isBlocked = this.calls.get(id)?.call.tool === "attemptCompletion" && hasOpenTodos(result);
    const isError = !isReply && (isMarked || isFailure(result));
    this.finishCall(id, { isError, result, ...(isBlocked && { blockedBy: "todos" }) }, source);
  }

  startDelegation(delegation: Omit<EventPayload & { type: "startDelegation" }, "type">, source: Source): void {
    const { toolCallId, childRunId } = delegation;
    this.emit({ type: "startDelegation", ...delegation }, source);
    this.delegations.set(toolCallId, { childRunId, step: this.step, isDone: false });
  }

  finishDelegation(
    toolCallId: string,
    { status, text, error }: Child,
    { lastStep, totalUsage }: { lastStep?: number | undefined; totalUsage?: Usage | undefined },
    source: Source,
  ): void {
    const open = this.delegations.get(toolCallId);
    if (!open || open.isDone) return;
    open.isDone = true;
    const { childRunId } = open;
    this.emit(
      {
        type: "finishDelegation",
        ...{ toolCallId, childRunId, status: delegateStatus[status] },
        ...(text !== undefined && { text }),
        ...(error && { error }),
        ...(lastStep !== undefined && { lastStep }),
        ...(totalUsage && { totalUsage }),
      },
      source,
      open.step,
    );
    this.spending = spendDelegate(this.spending, childRunId, { totalUsage });
  }

  finishWaitingStep(source: Source): void {
    if (this.waitingStep) this.emit(this.waitingStep.payload, source, this.waitingStep.step);
    this.waitingStep = undefined;
  }

  /** Perstack counts from 0 and knows no cost. */
  override totals(source: Source, checkpointId?: string): ReturnType<ForeignRunBuilder["totals"]> {
    const { cost: _, ...totals } = super.totals(source, checkpointId);
    return { ...totals, totalUsage: totalUsageOf(this.spending) };
  }
}

const delegateStatus: Readonly<Record<Child["status"], string>> = {
  finishRun: "finished",
  stopRun: "stopped",
  errorRun: "failed",
  open: "interrupted",
};
