/** Writes the events of one run of ours out of what Perstack recorded: envelopes, open calls, delegations and sums. */
import type { EventOf, EventPayload, Limits, RunEvent } from "../../model/events";
import type { ResultPart, ToolCall } from "../../model/message";
import { noSpending, type Spending, spendDelegate, spendGeneration, totalUsageOf } from "../../model/spending";
import type { Usage } from "../../model/usage";
import { hasOpenTodos, isFailure } from "./perstackMessages";

/** Perstack's event that an event of ours comes from. */
export interface Source {
  id?: string | undefined;
  timestamp: number;
}

interface OpenDelegation {
  childRunId: string;
  step: number;
  isDone: boolean;
}

type Ending = EventOf<"finishRun" | "stopRun" | "errorRun">;
type Child = { status: Ending["type"] | "open"; text?: string; error?: EventOf<"errorRun">["error"] };

export class RunBuilder {
  readonly events: RunEvent[] = [];
  /** Oldest first. */
  readonly checkpointIds: string[] = [];
  /** Calls that an expert made, by id; a call is `started` once it was carried out, not while it waits for an answer. */
  readonly calls = new Map<string, { call: ToolCall; startedAt?: number; step: number; isDone: boolean }>();
  readonly delegations = new Map<string, OpenDelegation>();
  readonly asked = new Set<string>();
  /** Of the run so far; its last one after the end. */
  step = 0;
  spending: Spending = noSpending;
  generation: { attempt: number; startedAt: number } | undefined;
  ending: Ending | undefined;
  limits: Limits | undefined;
  /** Of the conversation. */
  messageCount = 0;
  /** Answers in a row that were none. */
  retries = 0;
  /** What ends the step that waits for delegates. */
  waitingStep: { step: number; payload: EventPayload & { type: "finishStep" } } | undefined;
  private startedAt = 0;
  private lastTimestamp = 0;
  private readonly ids = new Set<string>();

  constructor(private readonly identity: { jobId: string; runId: string; expertKey: string }) {}

  get runId(): string {
    return this.identity.runId;
  }

  emit(payload: EventPayload, source: Source, step = this.step): void {
    if (this.ending && payload.type !== "resumeRun") {
      this.emitBeforeEnd(this.ending, payload, source, step);
      return;
    }
    const seq = this.events.length + 1;
    this.lastTimestamp = Math.max(this.lastTimestamp, source.timestamp);
    const id = this.uniqueId(source.id ?? `${payload.type}-${seq}`);
    const envelope = { id, timestamp: this.lastTimestamp, ...this.identity, seq, step };
    const event: RunEvent = { ...envelope, ...payload };
    this.events.push(event);
    if (event.type === "startRun" || event.type === "resumeRun") this.startedAt = event.timestamp;
    if (event.type === "resumeRun") this.ending = undefined;
    if ("checkpointId" in event && event.checkpointId !== undefined && event.type !== "startRun") {
      if (this.checkpointIds.at(-1) !== event.checkpointId) this.checkpointIds.push(event.checkpointId);
    }
    if (event.type === "finishRun" || event.type === "stopRun" || event.type === "errorRun") this.ending = event;
  }

  /** The end is the last word: what damaged files tell after it stands before it, and a second end is none. */
  private emitBeforeEnd(ending: Ending, payload: EventPayload, source: Source, step: number): void {
    if (payload.type === "finishRun" || payload.type === "stopRun" || payload.type === "errorRun") return;
    this.events.pop();
    this.ending = undefined;
    this.emit(payload, { ...source, timestamp: ending.timestamp }, step);
    const last: Ending = { ...ending, timestamp: this.lastTimestamp, seq: this.events.length + 1 };
    this.events.push(last);
    this.ending = last;
  }

  startGeneration(source: Source, messageCount?: number): void {
    this.messageCount = messageCount ?? this.messageCount;
    const attempt = this.retries + 1;
    this.emit({ type: "startGeneration", attempt, messageCount: this.messageCount }, source);
    this.generation = { attempt, startedAt: this.lastTimestamp };
  }

  /** Begins it first where its beginning is lost. */
  finishGeneration(
    answer: Omit<EventPayload & { type: "finishGeneration" }, "type" | "attempt" | "durationMs">,
    source: Source,
  ): void {
    if (!this.generation) this.startGeneration(source);
    const { attempt = 1, startedAt = source.timestamp } = this.generation ?? {};
    const durationMs = Math.max(0, source.timestamp - startedAt);
    this.emit({ type: "finishGeneration", attempt, ...answer, durationMs }, source);
    this.generation = undefined;
    this.spending = spendGeneration(this.spending, answer);
    if (!answer.error && (answer.text || answer.toolCalls.length > 0)) this.messageCount += 1;
    for (const call of answer.toolCalls) this.calls.set(call.id, { call, step: this.step, isDone: false });
  }

  startCall(call: ToolCall, source: Source): void {
    const { id: toolCallId, skill, tool, args } = call;
    this.emit({ type: "startToolCall", toolCallId, skill, tool, args }, source);
    this.calls.set(call.id, { call, startedAt: this.lastTimestamp, step: this.step, isDone: false });
  }

  /** A call stands in the step it was made in, however late its result comes. */
  finishCall(id: string, result: ResultPart[], source: Source, isReply = false): void {
    const open = this.calls.get(id);
    if (!open || open.isDone) return;
    open.isDone = true;
    const isError = !isReply && isFailure(result);
    this.emit(
      {
        type: "finishToolCall",
        ...{ toolCallId: id, skill: open.call.skill, tool: open.call.tool, isError },
        ...(isError && { errorClass: "tool_error" }),
        ...(open.call.tool === "attemptCompletion" && hasOpenTodos(result) && { blockedBy: "todos" }),
        result,
        durationMs: Math.max(0, source.timestamp - (open.startedAt ?? source.timestamp)),
      },
      source,
      open.step,
    );
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

  totals(source: Source, checkpointId?: string): Pick<Ending, "totalUsage" | "durationMs" | "checkpointId"> {
    const at = Math.max(this.lastTimestamp, source.timestamp);
    return {
      totalUsage: totalUsageOf(this.spending),
      durationMs: at - this.startedAt,
      ...(checkpointId !== undefined && { checkpointId }),
    };
  }

  private uniqueId(wanted: string): string {
    let id = wanted;
    for (let count = 2; this.ids.has(id); count += 1) id = `${wanted}-${count}`;
    this.ids.add(id);
    return id;
  }
}

const delegateStatus: Readonly<Record<Child["status"], string>> = {
  finishRun: "finished",
  stopRun: "stopped",
  errorRun: "failed",
  open: "interrupted",
};
