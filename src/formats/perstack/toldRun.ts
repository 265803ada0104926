/**
 * One run of ours as Perstack's state machine would go through it: the conversation, the step it is in, what it has used,
 * and the events that each move is told with. Which move is made when, `RunTeller` says.
 */
import type { CheckpointStatus, DelegatedBy } from "../../model/checkpoint";
import { foldMessage, pendingCallsOf } from "../../model/conversation";
import { delegateKeyOf, delegateQueryOf } from "../../model/delegateCall";
import type { RunEvent } from "../../model/events";
import type { Message, MessageOf, ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import type {
  RunPayloads,
  RuntimePayloads,
  WrittenCheckpoint,
  WrittenError,
  WrittenEvent,
  WrittenStep,
  WrittenToolResult,
  WrittenUsage,
} from "./writtenEvent";
import {
  addWrittenUsage,
  derivedId,
  expertRef,
  isDelegateCall,
  noWrittenUsage,
  pendingCall,
  writtenCall,
  writtenMessage,
  writtenResult,
  writtenUsage,
} from "./writtenParts";

/** The event of ours that is told of. */
export interface Source {
  id: string;
  timestamp: number;
}

export class ToldRun {
  /** Perstack's, of the part that is told now: each time the run goes on it is another. */
  partId: string;
  parts = 1;
  step = 1;
  messages: Message[] = [];
  /** Of the job so far. */
  usage: WrittenUsage = noWrittenUsage;
  status: CheckpointStatus = "init";
  delegatedBy?: DelegatedBy;
  contextWindow?: number | undefined;
  contextWindowUsage?: number | undefined;
  retryCount?: number | undefined;
  /** The words that stood beside the completion are told once more as a message of their own. */
  isAnswerAdded = false;
  /** Of the newest answer with calls, in Perstack's order. */
  calls: ToolCall[] = [];
  /** Whether the calls are of the step that is told now, and not of one that it goes on with. */
  private hasCalled = false;
  private stepUsage: WrittenUsage = noWrittenUsage;
  private stepStartedAt = 0;
  /** Where the messages of the step begin. */
  private stepFrom = 0;
  private inputMessages: Message[] = [];
  private lastTimestamp = 0;

  constructor(
    readonly jobId: string,
    readonly runId: string,
    readonly expert: { key: string; name: string; version: string },
    private readonly put: (event: WrittenEvent) => void,
  ) {
    this.partId = runId;
  }

  tellRuntime<T extends keyof RuntimePayloads>(type: T, source: Source, payload: RuntimePayloads[T]): void {
    const skill = "skillName" in payload ? payload.skillName : "";
    this.put({ type, ...this.runtimeEnvelope(type, source, skill), ...payload } as WrittenEvent);
  }

  tell<T extends keyof RunPayloads>(type: T, source: Source, payload: RunPayloads[T]): void {
    const { id, timestamp, ...place } = this.runtimeEnvelope(type, source);
    const envelope = { id, expertKey: this.expert.key, timestamp, ...place, stepNumber: this.step };
    this.put({ type, ...envelope, ...payload } as WrittenEvent);
  }

  private runtimeEnvelope(type: string, source: Source, detail = "") {
    this.lastTimestamp = Math.max(this.lastTimestamp, source.timestamp);
    const id = derivedId(source.id, this.partId, type, detail);
    return { id, timestamp: this.lastTimestamp, jobId: this.jobId, runId: this.partId };
  }

  /** The run goes on, which for Perstack is another one. */
  beginPart(step: number): void {
    this.parts += 1;
    this.partId = derivedId(this.runId, String(this.parts));
    this.step = step;
  }

  /** @param isSettled nothing is pending any more, but the results are not in the conversation yet */
  startRun(source: Source, input: Message[], isSettled: boolean): void {
    const id = this.nextCheckpointId();
    const initialCheckpoint = isSettled ? this.withoutResults(id) : this.checkpoint(this.status, id);
    // What was pending is left behind by something new that is said.
    if (input.length > 0) delete initialCheckpoint.pendingToolCalls;
    this.tell("startRun", source, { initialCheckpoint, inputMessages: input });
    this.messages.push(...input);
    this.inputMessages = input;
    this.status = "proceeding";
    this.beginStep(source.timestamp);
    if (isSettled || initialCheckpoint.pendingToolCalls) this.stepFrom = initialCheckpoint.messages.length;
  }

  private beginStep(at: number): void {
    this.stepUsage = noWrittenUsage;
    this.stepStartedAt = at;
    this.stepFrom = this.messages.length;
    this.hasCalled = false;
  }

  startGeneration(source: Source): void {
    this.stepStartedAt = source.timestamp;
    this.tell("startGeneration", source, { messages: this.visible() });
  }

  /** What the event adds to the conversation; a message that was told of already is not changed. */
  fold(event: RunEvent): void {
    const last = this.messages.at(-1);
    if (event.type === "finishToolCall" && last?.type === "toolMessage") {
      this.messages[this.messages.length - 1] = { ...last, contents: [...last.contents] };
    }
    const before = this.messages.length;
    foldMessage(this.messages, event);
    if (event.type !== "finishGeneration" || this.messages.length === before) return;
    const added = this.messages.at(-1);
    const ranks = new Map(this.calls.map(({ id }, index) => [id, index]));
    if (added) this.messages[before] = writtenMessage(added, (id) => ranks.get(id) ?? 0);
  }

  spend(usage: Usage | undefined): WrittenUsage {
    const spent = writtenUsage(usage);
    this.usage = addWrittenUsage(this.usage, spent);
    this.stepUsage = addWrittenUsage(this.stepUsage, spent);
    const { contextWindow } = this;
    if (contextWindow !== undefined && usage) {
      this.contextWindowUsage = Math.min(1, spent.totalTokens / contextWindow);
    }
    return spent;
  }

  callTools(source: Source, usage: WrittenUsage): void {
    this.hasCalled = true;
    this.retryCount = 0;
    const toolCalls = this.calls.map(writtenCall);
    this.tell("callTools", source, { newMessage: this.lastSaid(), toolCalls, usage });
  }

  retry(source: Source, reason: string, usage: WrittenUsage): void {
    this.retryCount = (this.retryCount ?? 0) + 1;
    this.tell("retry", source, { reason, newMessages: this.messages.slice(this.stepFrom), usage });
  }

  resumeToolCalls(source: Source): void {
    const pendingToolCalls = this.pending().map(writtenCall);
    this.tell("resumeToolCalls", source, { pendingToolCalls, partialToolResults: this.results() });
  }

  finishAllToolCalls(source: Source): void {
    this.tell("finishAllToolCalls", source, { newMessages: this.messages.slice(this.stepFrom) });
  }

  resolveToolResults(source: Source): void {
    this.tell("resolveToolResults", source, { toolResults: this.results() });
  }

  finishToolCall(source: Source): void {
    this.tell("finishToolCall", source, { newMessages: this.messages.slice(-1) });
  }

  stopByDelegate(source: Source, checkpointId: string | undefined, keys: ReadonlyMap<string, string>): void {
    const pending = this.pending();
    const delegates = pending.filter((call) => isDelegateCall(call) && delegateQueryOf(call) !== undefined);
    const toolCalls = delegates.map(writtenCall);
    this.tell("callDelegate", source, { newMessage: this.lastSaid(), toolCalls, usage: this.stepUsage });
    this.status = "stoppedByDelegate";
    const { pendingToolCalls: _, ...checkpoint } = this.checkpoint(this.status, checkpointId);
    const others = pending.filter((call) => !delegates.includes(call));
    const delegateTo = delegates.map((call) => {
      const key = keys.get(call.id) ?? delegateKeyOf(call) ?? "";
      const query = delegateQueryOf(call) ?? "";
      return { expert: expertRef(key, "1.0.0"), toolCallId: call.id, toolName: call.tool, query };
    });
    this.tell("stopRunByDelegate", source, {
      checkpoint: {
        ...checkpoint,
        partialToolResults: this.results(),
        delegateTo,
        ...(others.length > 0 && { pendingToolCalls: others.map(pendingCall) }),
      },
      step: this.stepNow(source),
    });
  }

  stopByInteractiveTool(source: Source, checkpointId: string | undefined, asked: ReadonlySet<string>): void {
    const pending = this.pending().toSorted((a, b) => Number(asked.has(b.id)) - Number(asked.has(a.id)));
    const [first] = pending;
    if (first) {
      const toolCall = writtenCall(first);
      this.tell("callInteractiveTool", source, { newMessage: this.lastSaid(), toolCall, usage: this.stepUsage });
    }
    this.status = "stoppedByInteractiveTool";
    const checkpoint = this.checkpoint(this.status, checkpointId);
    this.tell("stopRunByInteractiveTool", source, {
      checkpoint: { ...checkpoint, partialToolResults: this.results(), pendingToolCalls: pending.map(pendingCall) },
      step: this.stepNow(source),
    });
  }

  continueToNextStep(source: Source, checkpointId: string | undefined): void {
    const checkpoint = this.checkpoint("proceeding", checkpointId);
    const step = this.stepNow(source);
    const nextCheckpoint = { ...checkpoint, id: this.nextCheckpointId(1), stepNumber: this.step + 1 };
    this.tell("continueToNextStep", source, { checkpoint, step, nextCheckpoint });
    this.step += 1;
    this.inputMessages = [];
    this.beginStep(source.timestamp);
  }

  stopByMaxSteps(source: Source, checkpointId: string | undefined): void {
    this.status = "stoppedByExceededMaxSteps";
    const checkpoint = this.checkpoint(this.status, checkpointId);
    this.tell("stopRunByExceededMaxSteps", source, { checkpoint, step: this.stepNow(source) });
  }

  stopByError(source: Source, checkpointId: string | undefined, error: WrittenError): void {
    this.status = "stoppedByError";
    const checkpoint = { ...this.checkpoint(this.status, checkpointId), error };
    this.tell("stopRunByError", source, { checkpoint, step: this.stepNow(source), error });
  }

  /** The last message of a run that is done is its answer, and nothing else: a coordinator is told that. */
  completeRun(source: Source, checkpointId: string | undefined, text: string, usage: WrittenUsage): void {
    const last = this.messages.at(-1);
    const isAnswer = last?.type === "expertMessage" && last.contents.every(({ type }) => type !== "toolCallPart");
    this.isAnswerAdded = !isAnswer;
    if (!isAnswer) {
      const id = derivedId(source.id, "answer");
      this.messages.push({ type: "expertMessage", id, contents: [{ type: "textPart", id: `${id}-text`, text }] });
    }
    this.status = "completed";
    this.retryCount = 0;
    const checkpoint = this.checkpoint(this.status, checkpointId);
    this.tell("completeRun", source, { checkpoint, step: this.stepNow(source), text, usage });
  }

  /** Calls without a result, in Perstack's order. */
  pending(): ToolCall[] {
    const open = new Map(pendingCallsOf(this.messages).map((call) => [call.id, call]));
    const known = this.calls.filter(({ id }) => open.has(id));
    return known.length === open.size
      ? known
      : [...open.values()].map((call) => ({ ...call, skill: this.skillOf(call.id) }));
  }

  /** Of the newest calls. */
  results(): WrittenToolResult[] {
    const last = this.messages.at(-1);
    const contents: MessageOf<"toolMessage">["contents"] = last?.type === "toolMessage" ? last.contents : [];
    return contents.map((part) => writtenResult(part, this.skillOf(part.toolCallId)));
  }

  /** Of a call that was pending when the run began the skill is a guess, until something says it. */
  nameSkill(toolCallId: string, skill: string): void {
    const at = this.calls.findIndex(({ id }) => id === toolCallId);
    const call = this.calls[at];
    if (call && call.skill !== skill && skill !== "") this.calls = this.calls.with(at, { ...call, skill });
  }

  private skillOf(toolCallId: string): string {
    return this.calls.find(({ id }) => id === toolCallId)?.skill ?? "";
  }

  /** The results of a step that is not whole stand beside the conversation, not in it. */
  private visible(): Message[] {
    const isPartial = this.messages.at(-1)?.type === "toolMessage" && pendingCallsOf(this.messages).length > 0;
    return isPartial ? this.messages.slice(0, -1) : [...this.messages];
  }

  private lastSaid(): Message {
    const said = this.messages.findLast(({ type }) => type === "expertMessage");
    return said ?? { type: "expertMessage", id: derivedId(this.runId, "nothing"), contents: [] };
  }

  private nextCheckpointId(ahead = 0): string {
    return derivedId(this.partId, "checkpoint", String(this.step + ahead));
  }

  private checkpoint(status: CheckpointStatus, id = this.nextCheckpointId()): WrittenCheckpoint {
    const pending = this.pending();
    return {
      ...this.checkpointHead(id),
      status,
      messages: this.visible(),
      ...this.checkpointTail(),
      ...(pending.length > 0 && { pendingToolCalls: pending.map(pendingCall), partialToolResults: this.results() }),
    };
  }

  private withoutResults(id: string): WrittenCheckpoint {
    return {
      ...this.checkpointHead(id),
      status: this.status,
      messages: this.messages.slice(0, -1),
      ...this.checkpointTail(),
      partialToolResults: this.results(),
    };
  }

  private checkpointHead(id: string) {
    return { id, jobId: this.jobId, runId: this.partId, expert: this.expert, stepNumber: this.step };
  }

  private checkpointTail() {
    const { usage, contextWindow, contextWindowUsage, retryCount, delegatedBy } = this;
    return {
      ...(delegatedBy && { delegatedBy }),
      usage,
      ...(contextWindow !== undefined && { contextWindow }),
      ...(contextWindow !== undefined && contextWindowUsage !== undefined && { contextWindowUsage }),
      ...(retryCount !== undefined && { retryCount }),
    };
  }

  private stepNow(source: Source): WrittenStep {
    const pending = this.pending();
    const results = this.results();
    const newMessages = this.visible().slice(this.stepFrom);
    return {
      stepNumber: this.step,
      inputMessages: this.inputMessages,
      newMessages,
      usage: this.stepUsage,
      startedAt: this.stepStartedAt,
      ...(this.hasCalled && { toolCalls: this.calls.map(writtenCall) }),
      ...(pending.length > 0
        ? { pendingToolCalls: pending.map(writtenCall), partialToolResults: results }
        : this.resultsOfStep(newMessages)),
      finishedAt: Math.max(this.stepStartedAt, this.lastTimestamp, source.timestamp),
    };
  }

  private resultsOfStep(newMessages: readonly Message[]): { toolResults?: WrittenToolResult[] } {
    const toolResults = newMessages.flatMap((message) =>
      message.type === "toolMessage"
        ? message.contents.map((part) => writtenResult(part, this.skillOf(part.toolCallId)))
        : [],
    );
    return toolResults.length > 0 ? { toolResults } : {};
  }
}
