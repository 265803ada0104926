/**
 * Tells one run of ours in Perstack's words. Ours is one run from its start to its end, whatever it waits for in between;
 * Perstack's ends at each delegation and each question and goes on as another. What Perstack says of a step, or of what a
 * run goes on with, can only be said once it is known how it went: until then it is held.
 */
import { pendingCallsOf } from "../../model/conversation";
import { isLive } from "../../model/eventKinds";
import type { AnyEvent, EventOf, RunEvent } from "../../model/events";
import type { Message, ToolCall } from "../../model/message";
import { contextWindowOf } from "../../model/prices";
import type { ExpertToWrite } from "../format";
import { AwaitedDelegates, type AwaitedRun } from "./awaitedDelegates";
import { writtenCancel, writtenError } from "./perstackFailure";
import { conversationBefore, queryIn, rankOf, skillIn } from "./runOpening";
import { SkillTeller } from "./skillTeller";
import { StreamTeller } from "./streamTeller";
import { belongsToDelegation, completionTool, endsStep, hasOneDelegate, reasonOf, tellsOf } from "./tellingRules";
import { type Source, ToldRun } from "./toldRun";
import type { WrittenEvent, WrittenInput, WrittenUsage } from "./writtenEvent";
import { addWrittenUsage, expertRef, isDelegateCall, noWrittenUsage, perstackLimits, textIn } from "./writtenParts";

/** What a run's events do not say of it. */
export interface RunBackground {
  /** The conversation it goes on from, its query included: of the checkpoint that `startRun` names. */
  base?: readonly Message[] | undefined;
  /** As it was defined. */
  expert?: ExpertToWrite | undefined;
}

interface Opening {
  source: Source;
  input: Message[];
  query?: string | undefined;
  /** Whether calls were pending: they are answered, or gone on with. */
  isWaiting: boolean;
  /** Their ids. */
  answers: Set<string>;
  isAnnounced: boolean;
}

export class RunTeller implements AwaitedRun {
  readonly told: ToldRun;
  ending: EventOf<"finishRun" | "stopRun" | "errorRun"> | undefined;
  /** Whether the newest of its checkpoints is this one. */
  lastCheckpointId: string | undefined;
  private readonly skills: SkillTeller;
  private readonly streams: StreamTeller;
  private opening: Opening | undefined;
  private delegating: AwaitedDelegates | undefined;
  private isOpen = false;
  /** Whether the generation of the step is told: it is, once, however often it is tried. */
  private isGenerating = false;
  /** Used, and not told of yet. */
  private untold: WrittenUsage = noWrittenUsage;
  /** An answer that was none: it costs Perstack a step, which is over with the end of ours or the next generation. */
  private retried: EventOf<"retryGeneration"> | undefined;
  /** A step that is done, until it is known whether another follows. */
  private held: EventOf<"finishStep"> | undefined;
  /** All results of a step with a completion are there: it is told as one when the run does not go on. */
  private isCompleting = false;
  private readonly asked = new Set<string>();
  /** Ours against Perstack's numbers, from the step on from which they differ so. */
  private readonly shifts: { from: number; by: number }[] = [];

  constructor(
    private readonly start: EventOf<"startRun">,
    private readonly background: RunBackground,
    private readonly find: (runId: string) => RunTeller | undefined,
    put: (event: WrittenEvent) => void,
  ) {
    const { jobId, runId, expertKey, expertVersion = "1.0.0", model } = start;
    this.told = new ToldRun(jobId, runId, expertRef(expertKey, expertVersion), put);
    this.told.contextWindow = model === undefined ? undefined : contextWindowOf(model);
    this.skills = new SkillTeller(this.told, background.expert);
    this.streams = new StreamTeller(this.told);
    this.begin();
  }

  take(event: AnyEvent, background: RunBackground): void {
    if (isLive(event)) {
      this.streams.hear(event);
      return;
    }
    if (this.skills.take(event, this.isAnnounced)) return;
    if (event.type === "resumeRun") this.resume(event, background);
    if ("toolCallId" in event && "skill" in event) this.told.nameSkill(event.toolCallId, event.skill);
    if (!tellsOf(event) || this.gather(event)) return;
    const isEnding = event.type === "errorRun" || (event.type === "stopRun" && event.reason !== "input");
    if (this.delegating && !belongsToDelegation(event, this.told.calls)) {
      if (this.delegating.endWith(event)) {
        this.ending = event;
        this.told.step = this.settle();
        return;
      }
      this.comeBack(event, isEnding);
    }
    if (this.opening) this.open(event, isEnding);
    this.tell(event);
  }

  /** Perstack's number of the step that follows what ours calls step `ours`, as its checkpoint does. */
  stepAfter(ours: number, checkpointId: string | undefined): number {
    if (checkpointId !== undefined && checkpointId === this.lastCheckpointId) return this.told.step + 1;
    return ours + 1 + (this.shifts.findLast(({ from }) => from <= ours + 1)?.by ?? 0);
  }

  private begin(): void {
    const { told, start } = this;
    const { parent, origin, stepsBefore = 0 } = start;
    const coordinator = parent && this.find(parent.runId);
    const earlier = origin && origin.jobId === start.jobId ? this.find(origin.runId) : undefined;
    told.step = earlier ? earlier.stepAfter(stepsBefore, origin?.checkpointId) : stepsBefore + 1;
    if (coordinator) this.beginAsDelegate(coordinator, parent?.toolCallId ?? "");
    else told.contextWindowUsage = 0;
    if (earlier) {
      told.usage = earlier.told.usage;
      told.status = origin?.checkpointId === earlier.lastCheckpointId ? earlier.told.status : "proceeding";
      told.calls = earlier.told.calls;
    } else if (start.instruction === undefined) told.status = "proceeding";
    const { history, input } = conversationBefore(start, this.background.base ?? [], earlier?.told);
    told.messages = history;
    this.prepare(start, input, queryIn(input) ?? start.query);
  }

  private beginAsDelegate(coordinator: RunTeller, toolCallId: string): void {
    const { told } = coordinator;
    const { step, partId: runId, expert, calls } = told;
    const checkpointId = coordinator.lastCheckpointId ?? "";
    const toolName = calls.find(({ id }) => id === toolCallId)?.tool ?? "";
    this.told.step = step + 1;
    this.told.delegatedBy = { expert, toolCallId, toolName, checkpointId, runId };
    // One delegate counts on where its coordinator stands, several count for themselves.
    if (hasOneDelegate(calls)) this.told.usage = told.usage;
    coordinator.delegating?.add(this);
  }

  private resume(event: EventOf<"resumeRun">, { expert }: RunBackground): void {
    if (this.isOpen || this.opening) return;
    this.told.beginPart(this.told.step + 1);
    this.skills.expert = expert ?? this.skills.expert;
    this.skills.forget();
    this.held = undefined;
    this.retried = undefined;
    this.delegating = undefined;
    const coordinator = this.start.parent && this.find(this.start.parent.runId);
    if (coordinator) {
      coordinator.delegating?.add(this);
      this.told.step = Math.max(this.told.step, coordinator.told.step + 1);
    }
    this.prepare(event, [], undefined);
  }

  private prepare(source: Source, input: Message[], query: string | undefined): void {
    const { told } = this;
    const pending = input.length > 0 ? [] : pendingCallsOf(told.messages);
    const known = new Set(told.calls.map(({ id }) => id));
    if (pending.some(({ id }) => !known.has(id))) {
      const { expert } = this.background;
      told.calls = pending.map((call): ToolCall => ({ ...call, skill: skillIn(expert, call.tool) }));
    }
    this.opening = { source, input, query, isWaiting: pending.length > 0, answers: new Set(), isAnnounced: false };
    // What it goes on with is part of the first event: where an answer may come, that is waited for.
    if (pending.length > 0) return;
    this.announce(query === undefined ? {} : { query });
    this.open(source, false);
  }

  private get isAnnounced(): boolean {
    return this.opening?.isAnnounced ?? true;
  }

  private announce(input: WrittenInput): void {
    const { opening, start } = this;
    if (!opening || opening.isAnnounced) return;
    opening.isAnnounced = true;
    const { limits = perstackLimits, runtimeVersion = "", model = "" } = start;
    const { maxSteps, maxRetries, timeoutMs: timeout } = limits;
    const { key, name } = this.told.expert;
    const experts = [...new Set([key, ...(this.background.expert?.delegates ?? [])])];
    this.told.tellRuntime("initializeRuntime", opening.source, {
      ...{ runtimeVersion, runtime: "local", expertName: name, experts, model },
      ...{ maxSteps, maxRetries, timeout },
      ...input,
    });
    this.skills.begin(opening.source, start);
  }

  /** What a run that goes on is given, before anything else happens. */
  private gather(event: RunEvent): boolean {
    const { opening } = this;
    if (!opening?.isWaiting) return false;
    if (event.type === "receiveInput") opening.answers.add(event.toolCallId);
    else if (event.type === "finishToolCall" && opening.answers.has(event.toolCallId)) this.told.fold(event);
    else if (event.type !== "startToolCall" || !opening.answers.has(event.toolCallId)) return false;
    return true;
  }

  private open(event: Source, isEnding: boolean): void {
    const { opening, told } = this;
    if (!opening) return;
    this.announce(opening.isWaiting ? this.answerIn(opening.answers) : {});
    this.opening = undefined;
    this.isOpen = true;
    this.isGenerating = false;
    const isSettled = opening.isWaiting && told.pending().length === 0;
    told.startRun({ id: event.id, timestamp: opening.source.timestamp }, opening.input, isSettled);
    this.skills.catchUp();
    if (isEnding || !opening.isWaiting) return;
    if (isSettled) told.finishAllToolCalls(event);
    else told.resumeToolCalls(event);
  }

  private answerIn(answers: ReadonlySet<string>): WrittenInput {
    const answer = this.told.results().find(({ id }) => answers.has(id));
    if (!answer) return this.opening?.query === undefined ? {} : { query: this.opening.query };
    const { id: toolCallId, toolName, skillName, result } = answer;
    return { interactiveToolCall: { toolCallId, toolName, skillName, text: textIn(result) } };
  }

  private tell(event: RunEvent): void {
    switch (event.type) {
      case "startGeneration":
        this.startGeneration(event);
        return;
      case "finishGeneration":
        this.finishGeneration(event);
        return;
      case "retryGeneration":
        if (event.feedback === undefined) return;
        this.told.fold(event);
        this.told.retry(event, reasonOf(event), this.tellUsage());
        this.retried = event;
        this.isGenerating = false;
        return;
      case "startDelegation":
        this.delegate(event);
        return;
      case "finishToolCall":
        this.finishToolCall(event);
        return;
      case "requestInput":
        this.asked.add(event.toolCallId);
        return;
      case "finishStep":
        this.held = event;
        return;
      case "finishRun":
      case "stopRun":
      case "errorRun":
        this.end(event);
        return;
      default:
    }
  }

  private startGeneration(event: EventOf<"startGeneration">): void {
    this.release();
    if (this.isCompleting) {
      this.attemptCompletion(event);
      return;
    }
    const by = this.told.step - event.step;
    if (by !== (this.shifts.at(-1)?.by ?? 0)) this.shifts.push({ from: event.step, by });
    if (!this.isGenerating) this.told.startGeneration(event);
    this.isGenerating = true;
  }

  /** What else was called in the step is done by then; Perstack would have left it out. */
  private attemptCompletion(event: EventOf<"startGeneration">): void {
    if (this.streams.isResult) return;
    const { told } = this;
    const isCompletion = ({ toolName }: { toolName: string }) => toolName === completionTool;
    const results = told.results();
    const others = results.filter((each) => !isCompletion(each));
    if (others.length > 0) told.tell("resolveToolResults", event, { toolResults: others });
    const toolResult = results.findLast(isCompletion);
    if (toolResult) told.tell("attemptCompletion", event, { toolResult });
    this.streams.isResult = true;
  }

  private finishGeneration(event: EventOf<"finishGeneration">): void {
    const { told } = this;
    this.streams.finish(event);
    this.untold = addWrittenUsage(this.untold, told.spend(event.usage));
    if (event.error) return;
    if (event.toolCalls.length > 0) {
      const rank = rankOf(this.background.expert);
      told.calls = event.toolCalls.toSorted((a, b) => rank(a) - rank(b));
    }
    told.fold(event);
    if (event.toolCalls.length > 0) told.callTools(event, this.tellUsage());
  }

  private tellUsage(): WrittenUsage {
    const { untold } = this;
    this.untold = noWrittenUsage;
    return untold;
  }

  private finishToolCall(event: EventOf<"finishToolCall">): void {
    const { told, delegating } = this;
    told.fold(event);
    if (delegating) {
      const isBrokenOff = event.errorClass === "cancelled" || event.errorClass === "interrupted";
      if (!isBrokenOff && !told.pending().some(isDelegateCall)) {
        this.comeBack(event, false);
        this.open(event, false);
      }
      return;
    }
    if (told.pending().length > 0) return;
    this.isCompleting = this.completes(event);
    if (!this.isCompleting) this.resolve(event);
  }

  private completes(last: EventOf<"finishToolCall">): boolean {
    const isDone = last.tool === completionTool && !last.isError && last.blockedBy === undefined;
    return isDone && this.told.results().every(({ isError }) => !isError);
  }

  private resolve(source: Source): void {
    this.told.resolveToolResults(source);
    this.told.finishToolCall(source);
  }

  private delegate(event: EventOf<"startDelegation">): void {
    const { toolCallId, childExpertKey, checkpointId } = event;
    if (this.delegating) return;
    this.delegating = new AwaitedDelegates();
    this.lastCheckpointId = checkpointId;
    this.told.stopByDelegate(event, checkpointId, new Map([[toolCallId, childExpertKey]]));
    this.close(event);
  }

  private settle(): number {
    const last = this.delegating?.settle(this.told) ?? this.told.step;
    this.delegating = undefined;
    return last;
  }

  /** The delegates are done, or the run ends without them. */
  private comeBack(source: Source, isEnding: boolean): void {
    const { told } = this;
    told.beginPart(this.settle() + 1);
    const answers = new Set(told.calls.flatMap((call) => (isDelegateCall(call) ? [call.id] : [])));
    this.opening = { source, input: [], isWaiting: true, answers, isAnnounced: false };
    if (isEnding) this.announce({});
  }

  /** Another step follows. */
  private release(): void {
    const { held, retried } = this;
    this.held = undefined;
    this.retried = undefined;
    if (!held) {
      if (retried) this.told.continueToNextStep(retried, undefined);
      return;
    }
    if (this.isCompleting) this.resolve(held);
    this.isCompleting = false;
    this.lastCheckpointId = held.checkpointId ?? this.lastCheckpointId;
    this.told.continueToNextStep(held, held.checkpointId);
    this.isGenerating = false;
  }

  private end(event: EventOf<"finishRun" | "stopRun" | "errorRun">): void {
    const { told, held } = this;
    this.ending = event;
    const { checkpointId = held?.checkpointId } = event;
    if (!endsStep(event)) this.release();
    this.streams.close(event);
    if (event.type === "finishRun") told.completeRun(event, checkpointId, event.text, this.tellUsage());
    else if (event.type === "errorRun") told.stopByError(event, checkpointId, writtenError(event.error));
    else if (event.reason === "input") told.stopByInteractiveTool(event, checkpointId, this.asked);
    else if (event.reason === "cancelled") told.stopByError(event, checkpointId, writtenCancel(event.message));
    else told.stopByMaxSteps(event, checkpointId);
    this.held = undefined;
    this.retried = undefined;
    this.untold = noWrittenUsage;
    this.isCompleting = false;
    this.isGenerating = false;
    this.lastCheckpointId = checkpointId ?? this.lastCheckpointId;
    this.close(event);
  }

  private close(event: RunEvent): void {
    this.isOpen = false;
    this.streams.isResult = false;
    this.skills.end(event);
  }
}
