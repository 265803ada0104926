/** The state of one run while it goes on: its envelope counters, conversation, todos, usage; `emit` is the only way to change it. */
import { messageOf } from "../base/errors";
import { addUsage, noUsage } from "../model/addUsage";
import type { Checkpoint, CheckpointStatus, DelegatedBy } from "../model/checkpoint";
import { foldMessage, lastResultsOf } from "../model/conversation";
import type { Envelope, EventPayload, LivePayload, RunEvent } from "../model/events";
import type { EventError } from "../model/failure";
import type { Message, ResultPart, ToolCall } from "../model/message";
import { contextWindowOf } from "../model/prices";
import {
  noSpending,
  type Spending,
  spendDelegate,
  spendGeneration,
  totalCostOf,
  totalUsageOf,
} from "../model/spending";
import type { Todo } from "../model/todos";
import type { Usage } from "../model/usage";
import type { Clock, JobBudget, KeptResult, Redactor, RunRecorder } from "./ports";
import { createDeltaStreams } from "./redactDeltas";
import { eventError, RunFailure } from "./runFailure";

export interface RunIdentity {
  jobId: string;
  runId: string;
  expertKey: string;
  expertVersion: string;
  delegatedBy?: DelegatedBy | undefined;
}

/** What a run is known by when it does not begin from nothing. */
export interface RunStanding {
  messages: readonly Message[];
  todos: readonly Todo[];
  /** The step it stands in: that of the calls which have no result yet, if there are any. */
  step: number;
  /** The last step of the job. */
  jobStep: number;
  /** Of a run that goes on in its own journal. */
  journal?: { seq: number; lastTimestamp: number; spending: Spending; stepUsage: Usage | undefined };
}

export interface RunStatePorts {
  recorder: RunRecorder;
  clock: Clock;
  newId(): string;
  redactor: Redactor;
  budget?: JobBudget | undefined;
}

export class RunState {
  readonly messages: Message[] = [];
  todos: readonly Todo[] = [];
  step = 0;
  /** The last step of the job: beyond `step` after a delegation. */
  jobStep = 0;
  stepUsage: Usage | undefined;
  /** Calls of the current step that have no result yet. */
  pending: ToolCall[] = [];
  /** The skill that offers a tool; "" where none does. */
  skillOf: (tool: string) => string = () => "";
  private spending: Spending = noSpending;
  private seq = 0;
  private lastTimestamp = 0;
  private lastGenerationUsage: Usage | undefined;
  private readonly deltas;

  constructor(
    readonly identity: RunIdentity,
    private readonly ports: RunStatePorts,
    private readonly modelId: string | undefined,
    standing: RunStanding,
  ) {
    this.deltas = createDeltaStreams(ports.redactor, (payload) => this.publish(payload));
    this.messages.push(...structuredClone(ports.redactor.value([...standing.messages])));
    this.todos = standing.todos;
    this.jobStep = standing.jobStep;
    if (!standing.journal) return;
    // A new run is in no step before its first one.
    this.step = standing.step;
    Object.assign(this, standing.journal);
  }

  /** Its own and its delegates'. */
  get usage(): Usage {
    return totalUsageOf(this.spending);
  }

  /** USD; undefined before the first generation, and for good once the price of one is not known. */
  get cost(): number | undefined {
    return totalCostOf(this.spending);
  }

  /**
   * Records a fact without its secrets, then lets the conversation grow by it. Throws `RunFailure` where it could not be
   * recorded.
   * @param whole the result to go on with, where the event carries only its head
   */
  emit(payload: EventPayload, whole?: ResultPart[]): RunEvent {
    const { recorder, redactor, budget } = this.ports;
    this.deltas.endWith(payload);
    const event: RunEvent = { ...this.envelope(this.seq + 1), ...redactor.value(payload) };
    try {
      recorder.record(event);
    } catch (error) {
      throw new RunFailure(eventError("transient_io", messageOf(error)));
    }
    this.seq += 1;
    this.jobStep = Math.max(this.jobStep, this.step);
    const isHead = event.type === "finishToolCall" && whole !== undefined;
    foldMessage(this.messages, isHead ? { ...event, result: redactor.value(whole) } : event);
    if (event.type === "finishGeneration") {
      this.addGeneration(event.usage);
      this.spending = spendGeneration(this.spending, event);
      budget?.spend(event.usage, event.cost);
    }
    if (event.type === "finishDelegation") {
      this.spending = spendDelegate(this.spending, event.childRunId, event);
      this.jobStep = Math.max(this.jobStep, event.lastStep ?? 0);
    }
    return event;
  }

  stream(payload: LivePayload): void {
    this.deltas.push(payload);
  }

  /** What an event may carry of a result; see `RunRecorder.spill`. */
  async keep(result: ResultPart[]): Promise<KeptResult> {
    return await this.ports.recorder.spill(this.ports.redactor.value(result));
  }

  /** Saves a checkpoint of what is known now and gives its id. */
  async checkpoint(status: CheckpointStatus, details: CheckpointDetails = {}): Promise<string> {
    const { jobId, runId, expertKey, expertVersion, delegatedBy } = this.identity;
    const contextWindow = this.modelId === undefined ? undefined : contextWindowOf(this.modelId);
    // What is in the conversation has been through `emit`: it need not be searched again with every step.
    const { messages, ...pending } = this.standing(details.delegates ?? []);
    const checkpoint: Checkpoint = {
      id: this.ports.newId(),
      jobId,
      runId,
      expert: expertRef(expertKey, expertVersion),
      stepNumber: this.jobStep,
      status,
      usage: this.usage,
      ...(contextWindow !== undefined && {
        contextWindow,
        contextWindowUsage: Math.min(1, (this.lastGenerationUsage?.totalTokens ?? 0) / contextWindow),
      }),
      ...(delegatedBy && { delegatedBy }),
      messages,
      ...this.ports.redactor.value({ ...pending, ...(details.error && { error: details.error }) }),
    };
    await this.ports.recorder.saveCheckpoint(checkpoint);
    return checkpoint.id;
  }

  /** As Perstack writes it: results of a step that is not done stand beside the conversation, not in it. */
  private standing(delegates: readonly DelegateRef[]): Standing {
    const { pending, messages } = this;
    if (pending.length === 0) return { messages };
    const results = lastResultsOf(messages);
    const byDelegate = new Set(delegates.map(({ toolCallId }) => toolCallId));
    const others = pending.filter(({ id }) => !byDelegate.has(id));
    return {
      messages: results.length > 0 ? messages.slice(0, -1) : messages,
      ...(others.length > 0 && {
        pendingToolCalls: others.map(({ id, skill, tool, args }) => ({ id, skillName: skill, toolName: tool, args })),
      }),
      partialToolResults: results.map(({ toolCallId, toolName, contents, isError }) => ({
        id: toolCallId,
        skillName: this.skillOf(toolName),
        toolName,
        result: contents,
        ...(isError && { isError }),
      })),
      ...(delegates.length > 0 && {
        delegateTo: delegates.map(({ expertKey, ...rest }) => ({ expert: expertRef(expertKey, "1.0.0"), ...rest })),
      }),
    };
  }

  private publish(payload: LivePayload): void {
    this.ports.recorder.stream({ ...this.envelope(this.seq), ...payload });
  }

  private addGeneration(usage: Usage | undefined): void {
    if (!usage) return;
    this.stepUsage = addUsage(this.stepUsage ?? noUsage, usage);
    this.lastGenerationUsage = usage;
  }

  private envelope(seq: number): Envelope {
    const { jobId, runId, expertKey } = this.identity;
    // A clock that is set back must not turn the order of events around.
    this.lastTimestamp = Math.max(this.lastTimestamp, this.ports.clock.now());
    return { id: this.ports.newId(), timestamp: this.lastTimestamp, jobId, runId, seq, expertKey, step: this.step };
  }
}

interface DelegateRef {
  toolCallId: string;
  toolName: string;
  expertKey: string;
  query: string;
}

export interface CheckpointDetails {
  error?: EventError;
  /** The pending calls that delegate. */
  delegates?: readonly DelegateRef[];
}

type Standing = Pick<Checkpoint, "messages" | "pendingToolCalls" | "partialToolResults" | "delegateTo">;

function expertRef(key: string, version: string): Checkpoint["expert"] {
  return { key, name: key.replace(/(?<=.)@[^/]*$/u, ""), version };
}
