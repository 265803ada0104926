/** The state of one run while it goes on: its envelope counters, conversation, todos, usage; `emit` is the only way to change it. */
import { messageOf } from "../base/errors";
import { addUsage, noUsage } from "../model/addUsage";
import { buildCheckpoint, type CheckpointOptions, type CheckpointOwner } from "../model/buildCheckpoint";
import type { CheckpointStatus } from "../model/checkpoint";
import { beginFacts, type CheckpointFacts, foldFacts } from "../model/checkpointFacts";
import type { Envelope, EventPayload, LivePayload, RunEvent } from "../model/events";
import type { Message, ResultPart } from "../model/message";
import { type Spending, totalCostOf, totalUsageOf } from "../model/spending";
import type { Todo } from "../model/todos";
import type { Usage } from "../model/usage";
import type { Clock, JobBudget, KeptResult, Redactor, RunRecorder } from "./ports";
import { createDeltaStreams } from "./redactDeltas";
import { eventError, RunFailure } from "./runFailure";

export type RunIdentity = Omit<CheckpointOwner, "modelId">;

/** What a run is known by when it does not begin from nothing. */
export interface RunStanding {
  messages: readonly Message[];
  todos: readonly Todo[];
  /** The step it stands in: that of the calls which have no result yet, if there are any. */
  step: number;
  /** The last step of the job. */
  jobStep: number;
  /** Of a run that goes on in its own journal. */
  journal?: {
    seq: number;
    lastTimestamp: number;
    spending: Spending;
    /** By tool, as its events named them. */
    skills: ReadonlyMap<string, string>;
    stepUsage: Usage | undefined;
  };
}

export interface RunStatePorts {
  recorder: RunRecorder;
  clock: Clock;
  newId(): string;
  redactor: Redactor;
  budget?: JobBudget | undefined;
}

export class RunState {
  todos: readonly Todo[];
  step = 0;
  stepUsage: Usage | undefined;
  private readonly facts: CheckpointFacts;
  private seq = 0;
  private lastTimestamp = 0;
  private readonly deltas;

  constructor(
    readonly identity: RunIdentity,
    private readonly ports: RunStatePorts,
    private readonly modelId: string | undefined,
    standing: RunStanding,
    /** The skill that offers a tool; "" where none does. */
    public skillOf: (tool: string) => string,
  ) {
    this.deltas = createDeltaStreams(ports.redactor, (payload) => this.publish(payload));
    this.facts = beginFacts(ports.redactor.value([...standing.messages]));
    Object.assign(this.facts, { jobStep: standing.jobStep, stepOfOthers: standing.jobStep });
    this.todos = standing.todos;
    const { journal } = standing;
    if (!journal) return;
    // A new run is in no step before its first one.
    this.step = standing.step;
    Object.assign(this, { seq: journal.seq, lastTimestamp: journal.lastTimestamp, stepUsage: journal.stepUsage });
    this.facts.spending = journal.spending;
    for (const [tool, skill] of journal.skills) this.facts.skills.set(tool, skill);
  }

  get messages(): readonly Message[] {
    return this.facts.messages;
  }

  /** The last step of the job: beyond `step` after a delegation. */
  get jobStep(): number {
    return this.facts.jobStep;
  }

  /** Its own and its delegates'. */
  get usage(): Usage {
    return totalUsageOf(this.facts.spending);
  }

  /** USD; undefined before the first generation, and for good once the price of one is not known. */
  get cost(): number | undefined {
    return totalCostOf(this.facts.spending);
  }

  /**
   * Records a fact without its secrets, then lets the conversation grow by it. Throws `RunFailure` where it could not be
   * recorded.
   * @param whole the result to go on with, where the event carries only its head
   */
  emit(payload: EventPayload, whole?: ResultPart[]): RunEvent {
    const event = this.prepare(payload, 1);
    this.record(event);
    this.fold(event, whole);
    return event;
  }

  /** The same for several that are ready at once: all are recorded, in one write, before anyone hears of the first. */
  emitAll(payloads: readonly EventPayload[]): void {
    if (payloads.length === 0) return;
    const events = payloads.map((payload, index) => this.prepare(payload, index + 1));
    this.record(...events);
    for (const event of events) this.fold(event);
  }

  /** @param ahead how many events behind the last one it comes to stand */
  private prepare(payload: EventPayload, ahead: number): RunEvent {
    this.deltas.endWith(payload);
    return { ...this.envelope(this.seq + ahead), ...this.ports.redactor.value(payload) };
  }

  private record(...events: readonly RunEvent[]): void {
    try {
      this.ports.recorder.record(...events);
    } catch (error) {
      throw new RunFailure(eventError("transient_io", messageOf(error)));
    }
  }

  private fold(event: RunEvent, whole?: ResultPart[]): void {
    const { redactor, budget } = this.ports;
    this.seq += 1;
    const isHead = event.type === "finishToolCall" && whole !== undefined;
    foldFacts(this.facts, isHead ? { ...event, result: redactor.value(whole) } : event);
    if (event.type === "finishGeneration") {
      if (event.usage) this.stepUsage = addUsage(this.stepUsage ?? noUsage, event.usage);
      budget?.spend(event.usage, event.cost);
    }
  }

  stream(payload: LivePayload): void {
    this.deltas.push(payload);
  }

  /** What an event may carry of a result; see `RunRecorder.spill`. */
  async keep(result: ResultPart[]): Promise<KeptResult> {
    return await this.ports.recorder.spill(this.ports.redactor.value(result));
  }

  /** Saves a checkpoint of what is known now and gives its id; the event that names it is the next one about the run. */
  async checkpoint(status: CheckpointStatus, details: CheckpointDetails = {}): Promise<string> {
    const { identity, modelId, facts } = this;
    const id = this.ports.newId();
    const skillOf = (tool: string) => this.skillOf(tool) || (facts.skills.get(tool) ?? "");
    // What is in the conversation has been through `emit`: it need not be searched again with every step.
    const { error, delegates } = this.ports.redactor.value(details);
    const owner = { ...identity, modelId };
    await this.ports.recorder.saveCheckpoint(buildCheckpoint(owner, facts, { id, status, error, delegates, skillOf }));
    return id;
  }

  private publish(payload: LivePayload): void {
    this.ports.recorder.stream({ ...this.envelope(this.seq), ...payload });
  }

  private envelope(seq: number): Envelope {
    const { jobId, runId, expertKey } = this.identity;
    // A clock that is set back must not turn the order of events around.
    this.lastTimestamp = Math.max(this.lastTimestamp, this.ports.clock.now());
    return { id: this.ports.newId(), timestamp: this.lastTimestamp, jobId, runId, seq, expertKey, step: this.step };
  }
}

export type CheckpointDetails = Pick<CheckpointOptions, "error" | "delegates">;
