/** The state of one run while it goes on: its envelope counters, conversation, todos, usage; `emit` is the only way to change it. */
import { messageOf } from "../base/errors";
import { addUsage, noUsage } from "../model/addUsage";
import type { Checkpoint, CheckpointStatus } from "../model/checkpoint";
import { foldMessage } from "../model/conversation";
import type { Envelope, EventPayload, LivePayload, RunEvent } from "../model/events";
import type { EventError } from "../model/failure";
import type { Message, ResultPart, ToolCall } from "../model/message";
import { contextWindowOf } from "../model/prices";
import type { Todo } from "../model/todos";
import type { Usage } from "../model/usage";
import type { Clock, KeptResult, RunRecorder } from "./ports";
import { eventError, RunFailure } from "./runFailure";

export interface RunIdentity {
  jobId: string;
  runId: string;
  expertKey: string;
  expertVersion: string;
}

export class RunState {
  readonly messages: Message[] = [];
  todos: readonly Todo[] = [];
  step = 0;
  usage: Usage = noUsage;
  stepUsage: Usage | undefined;
  /** USD; undefined before the first generation, and for good once the price of one is not known. */
  cost: number | undefined;
  private isCostKnown = true;
  /** Calls of the current step that have no result yet. */
  pending: ToolCall[] = [];
  private seq = 0;
  private lastTimestamp = 0;
  private lastGenerationUsage: Usage | undefined;

  constructor(
    readonly identity: RunIdentity,
    private readonly recorder: RunRecorder,
    private readonly clock: Clock,
    private readonly newId: () => string,
    private readonly modelId: string | undefined,
  ) {}

  /**
   * Records a fact, then lets the conversation grow by it. Throws `RunFailure` where it could not be recorded.
   * @param whole the result to go on with, where the event carries only its head
   */
  emit(payload: EventPayload, whole?: ResultPart[]): RunEvent {
    const event: RunEvent = { ...this.envelope(this.seq + 1), ...payload };
    try {
      this.recorder.record(event);
    } catch (error) {
      throw new RunFailure(eventError("transient_io", messageOf(error)));
    }
    this.seq += 1;
    foldMessage(this.messages, event.type === "finishToolCall" && whole ? { ...event, result: whole } : event);
    if (event.type === "finishGeneration") this.addGeneration(event.usage, event.cost, event.error);
    return event;
  }

  stream(payload: LivePayload): void {
    this.recorder.stream({ ...this.envelope(this.seq), ...payload });
  }

  /** What an event may carry of a result; see `RunRecorder.spill`. */
  async keep(result: ResultPart[]): Promise<KeptResult> {
    return await this.recorder.spill(result);
  }

  /** Saves a checkpoint of what is known now; its id goes into the event that ends the step. */
  async checkpoint(status: CheckpointStatus, error?: EventError): Promise<string> {
    const { jobId, runId, expertKey, expertVersion } = this.identity;
    const contextWindow = this.modelId === undefined ? undefined : contextWindowOf(this.modelId);
    const checkpoint: Checkpoint = {
      id: this.newId(),
      jobId,
      runId,
      expert: { key: expertKey, name: expertKey.replace(/(?<=.)@[^/]*$/u, ""), version: expertVersion },
      stepNumber: this.step,
      status,
      messages: this.messages,
      usage: this.usage,
      ...(contextWindow !== undefined && {
        contextWindow,
        contextWindowUsage: Math.min(1, (this.lastGenerationUsage?.totalTokens ?? 0) / contextWindow),
      }),
      ...(this.pending.length > 0 && { pendingToolCalls: this.pending }),
      ...(error && { error }),
    };
    await this.recorder.saveCheckpoint(checkpoint);
    return checkpoint.id;
  }

  private addGeneration(usage: Usage | undefined, cost: number | undefined, error: EventError | undefined): void {
    this.usage = addUsage(this.usage, usage);
    if (usage) this.stepUsage = addUsage(this.stepUsage ?? noUsage, usage);
    if (usage) this.lastGenerationUsage = usage;
    if (error && !usage) return;
    this.isCostKnown &&= cost !== undefined;
    this.cost = this.isCostKnown ? (this.cost ?? 0) + (cost ?? 0) : undefined;
  }

  private envelope(seq: number): Envelope {
    const { jobId, runId, expertKey } = this.identity;
    // A clock that is set back must not turn the order of events around.
    this.lastTimestamp = Math.max(this.lastTimestamp, this.clock.now());
    return { id: this.newId(), timestamp: this.lastTimestamp, jobId, runId, seq, expertKey, step: this.step };
  }
}
