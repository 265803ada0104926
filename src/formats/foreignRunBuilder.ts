/** Writes the events of one run of ours out of what another system recorded: envelopes, open starts, sums and the end. */
import { noUsage } from "../model/addUsage";
import type { EventOf, EventPayload, RunEvent } from "../model/events";
import type { ResultPart, ToolCall } from "../model/message";
import { noSpending, type Spending, spendGeneration, totalCostOf, totalUsageOf } from "../model/spending";

/** The record that an event of ours comes from. */
export interface Source {
  /** The other system's id of it. */
  id?: string | undefined;
  /** Unix ms. Where the system recorded none, the nearest that it did. */
  timestamp: number;
  /** No time was recorded: how long what begins or ends here took is unknown. */
  isUntimed?: boolean;
}

export type Ending = EventOf<"finishRun" | "stopRun" | "errorRun">;

export interface OpenCall {
  call: ToolCall;
  /** Set once it was carried out, not while it waits for an answer. */
  startedAt?: number;
  isUntimed?: boolean;
  step: number;
  isDone: boolean;
}

export class ForeignRunBuilder {
  readonly events: RunEvent[] = [];
  /** Oldest first. */
  readonly checkpointIds: string[] = [];
  /** Calls that an expert made, by id. */
  readonly calls = new Map<string, OpenCall>();
  /** Of the events to come. */
  step = 0;
  spending: Spending = noSpending;
  generation: { attempt: number; startedAt: number; isUntimed: boolean } | undefined;
  ending: Ending | undefined;
  /** Of the newest event. */
  lastTimestamp = 0;
  private startedAt = 0;
  private isStartUntimed = false;
  private readonly ids = new Set<string>();

  constructor(readonly identity: { jobId: string; runId: string; expertKey: string }) {}

  get runId(): string {
    return this.identity.runId;
  }

  /** What is told after the end stands before it; time does not go back. */
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
    if (event.type === "startRun" || event.type === "resumeRun") {
      this.startedAt = event.timestamp;
      this.isStartUntimed = source.isUntimed ?? false;
    }
    if (event.type === "resumeRun") this.ending = undefined;
    if ("checkpointId" in event && event.checkpointId !== undefined && event.type !== "startRun") {
      if (this.checkpointIds.at(-1) !== event.checkpointId) this.checkpointIds.push(event.checkpointId);
    }
    if (event.type === "finishRun" || event.type === "stopRun" || event.type === "errorRun") this.ending = event;
  }

  /** The end is the last word: a second end is none. */
  private emitBeforeEnd(ending: Ending, payload: EventPayload, source: Source, step: number): void {
    if (payload.type === "finishRun" || payload.type === "stopRun" || payload.type === "errorRun") return;
    this.events.pop();
    this.ending = undefined;
    this.emit(payload, { ...source, timestamp: ending.timestamp }, step);
    const last: Ending = { ...ending, timestamp: this.lastTimestamp, seq: this.events.length + 1 };
    this.events.push(last);
    this.ending = last;
  }

  startGeneration(
    source: Source,
    { attempt = 1, messageCount }: { attempt?: number; messageCount?: number } = {},
  ): void {
    this.emit({ type: "startGeneration", attempt, ...(messageCount !== undefined && { messageCount }) }, source);
    this.generation = { attempt, startedAt: this.lastTimestamp, isUntimed: source.isUntimed ?? false };
  }

  /** Begins it first where its beginning is lost. Its calls are known from then on; they begin with `startCall`. */
  finishGeneration(
    answer: Omit<EventPayload & { type: "finishGeneration" }, "type" | "attempt" | "durationMs">,
    source: Source,
  ): void {
    if (!this.generation) this.startGeneration({ timestamp: source.timestamp, isUntimed: true });
    const { attempt = 1, startedAt = source.timestamp, isUntimed } = this.generation ?? {};
    const took = isUntimed || source.isUntimed ? {} : { durationMs: Math.max(0, source.timestamp - startedAt) };
    this.emit({ type: "finishGeneration", attempt, ...answer, ...took }, source);
    this.generation = undefined;
    this.spending = spendGeneration(this.spending, answer);
    for (const call of answer.toolCalls) this.calls.set(call.id, { call, step: this.step, isDone: false });
  }

  startCall(call: ToolCall, source: Source): void {
    const { id: toolCallId, skill, tool, args } = call;
    this.emit({ type: "startToolCall", toolCallId, skill, tool, args }, source);
    const isUntimed = source.isUntimed ?? false;
    this.calls.set(call.id, { call, startedAt: this.lastTimestamp, isUntimed, step: this.step, isDone: false });
  }

  /** A call stands in the step it was made in, however late its result comes; a second result is none. */
  finishCall(
    id: string,
    outcome: Pick<EventOf<"finishToolCall">, "isError" | "result"> & Partial<EventOf<"finishToolCall">>,
    source: Source,
  ): void {
    const open = this.calls.get(id);
    if (!open || open.isDone) return;
    if (open.startedAt === undefined) this.startCall(open.call, { timestamp: source.timestamp, isUntimed: true });
    const { call, startedAt = source.timestamp, isUntimed } = this.calls.get(id) ?? open;
    const took = isUntimed || source.isUntimed ? {} : { durationMs: Math.max(0, source.timestamp - startedAt) };
    const { isError, errorClass, blockedBy, result, spilled, durationMs, touched } = outcome;
    this.emit(
      {
        type: "finishToolCall",
        ...{ toolCallId: id, skill: call.skill, tool: call.tool, isError },
        ...(errorClass ? { errorClass } : isError && { errorClass: "tool_error" as const }),
        ...(blockedBy && { blockedBy }),
        result,
        ...(spilled && { spilled }),
        ...(durationMs === undefined ? took : { durationMs }),
        ...(touched && { touched }),
      },
      source,
      open.step,
    );
    this.calls.set(id, { ...open, isDone: true });
  }

  /** Of an end: what its generations and delegates used and how long it took, as far as that is known. */
  totals(source: Source, checkpointId?: string): Pick<Ending, "totalUsage" | "cost" | "durationMs" | "checkpointId"> {
    const at = Math.max(this.lastTimestamp, source.timestamp);
    const isUntimed = this.isStartUntimed || source.isUntimed;
    const totalUsage = totalUsageOf(this.spending);
    const cost = totalCostOf(this.spending);
    return {
      ...(totalUsage !== noUsage && { totalUsage }),
      ...(cost !== undefined && { cost }),
      ...(!isUntimed && { durationMs: at - this.startedAt }),
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

/** A text as the result of a tool. */
export function textResult(text: string): ResultPart[] {
  return [{ type: "textPart", text }];
}
