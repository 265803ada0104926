/**
 * Makes steps of what a coding agent recorded piece by piece: a step is one answer of the model, told on several lines
 * often enough, with its tool calls and their results. An answer is held back until the next one begins, since its usage
 * and more of its calls may come behind the first results.
 */
import { addUsage } from "../../model/addUsage";
import type { EventOf, EventPayload, FinishReason } from "../../model/events";
import type { EventError } from "../../model/failure";
import type { ReasoningPart, ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import type { ForeignRunBuilder, Source } from "../foreignRunBuilder";
import { readTime } from "../readTime";

interface Answer {
  id: string | undefined;
  start: Source;
  end: Source;
  texts: string[];
  reasoning: ReasoningPart[];
  calls: { call: ToolCall; source: Source }[];
  usage?: Usage;
  finishReason?: FinishReason;
  error?: EventError;
  /** Whether a call of it has a result: what comes then is another answer, unless its id says otherwise. */
  isAnswered: boolean;
  isComplete: boolean;
  /** What happened after it began, in order; told behind it. */
  after: (() => void)[];
}

export type CallResult = Parameters<ForeignRunBuilder["finishCall"]>[1];

export class AgentTeller {
  /** Of the newest answer. */
  text: string | undefined;
  private answer: Answer | undefined;
  /** Since when the model could have been at work on the next answer. */
  private since: Source;
  private newest: Source;
  private readonly startedAt: number;
  private owed: Usage | undefined;
  private readonly counted = new Set<string>();
  /** Which attempt the next answer is. */
  private attempt = 1;
  /** Whether the next answer is of the step that there is. */
  private isStepBegun = false;
  private openStep: { step: number; calls: Set<string>; usage: Usage | undefined } | undefined;

  constructor(
    readonly builder: ForeignRunBuilder,
    start: Source,
    /** Who says what we have no word for. */
    private readonly system: string,
  ) {
    this.startedAt = start.timestamp;
    this.since = withoutId(start);
    this.newest = withoutId(start);
  }

  /** Where a record stands: at its own time, else at the newest that is known, with nothing to measure. */
  at(time: unknown, id?: unknown): Source {
    const told = readTime(time);
    // A clock that says it was before the beginning measures nothing.
    const timestamp = told !== undefined && told >= this.startedAt ? told : undefined;
    if (timestamp !== undefined) this.newest = { timestamp };
    const source: Source = timestamp === undefined ? { ...this.newest, isUntimed: true } : { timestamp };
    return typeof id === "string" && id !== "" ? { ...source, id } : source;
  }

  /** A piece of the model's answer is there: of the open one, or of the next. */
  continueAnswer(source: Source, id?: string): void {
    const open = this.answer;
    const goesOn = open !== undefined && !open.isAnswered && !open.isComplete;
    const isSame = open && (id === undefined || open.id === undefined ? goesOn : id === open.id);
    if (isSame) {
      if (!open.isAnswered) open.end = source;
      open.id ??= id;
      return;
    }
    this.begin(source, id);
  }

  addText(text: string, isDelta = false): void {
    const { texts } = this.open();
    if (isDelta && texts.length > 0) texts.push((texts.pop() ?? "") + text);
    else if (text !== "") texts.push(text);
  }

  addReasoning(text: string): void {
    if (text.trim() !== "") this.open().reasoning.push({ text });
  }

  /** A call is told once, however often it is repeated. */
  addCall(call: ToolCall, source: Source): void {
    const { calls } = this.open();
    if (!this.callOf(call.id)) calls.push({ call, source });
  }

  /** The last word on the answer counts, and an answer counts once. */
  setUsage(usage: Usage | undefined): void {
    const answer = this.open();
    if (usage && !(answer.id !== undefined && this.counted.has(answer.id))) answer.usage = usage;
  }

  /** What a further request of the same answer used; without an answer it belongs to the next one. */
  addUsage(usage: Usage): void {
    if (this.answer) this.answer.usage = this.answer.usage ? addUsage(this.answer.usage, usage) : usage;
    else this.owed = this.owed ? addUsage(this.owed, usage) : usage;
  }

  /** The model has said all of this answer: what comes is another one. */
  completeAnswer(): void {
    if (this.answer) this.answer.isComplete = true;
  }

  setFinishReason(reason: FinishReason | undefined): void {
    if (reason) this.open().finishReason = reason;
  }

  setError(error: EventError): void {
    const answer = this.open();
    answer.error = error;
    answer.finishReason = "error";
  }

  /** Whether the newest answer has this text already. */
  hasSaid(text: string): boolean {
    return this.answer ? this.answer.texts.includes(text) : this.text === text;
  }

  hasThought(text: string): boolean {
    return this.answer?.reasoning.some((part) => part.text === text) ?? false;
  }

  hasAnswer(): boolean {
    return this.answer !== undefined;
  }

  /** The call with this id, told or about to be. */
  callOf(id: string): ToolCall | undefined {
    return this.answer?.calls.find(({ call }) => call.id === id)?.call ?? this.builder.calls.get(id)?.call;
  }

  /** Calls without a result so far. */
  openCalls(): ToolCall[] {
    const told = [...this.builder.calls.values()].flatMap(({ call, isDone }) => (isDone ? [] : [call]));
    return [...told, ...(this.answer?.calls.map(({ call }) => call) ?? [])];
  }

  /** A result whose call is not there is kept as it stands. */
  finishCall(id: string, result: CallResult, source: Source): void {
    this.since = withoutId(source);
    if (!this.callOf(id)) {
      this.note("toolResult", { toolCallId: id, result: result.result, isError: result.isError }, source);
      return;
    }
    this.afterCall(id, () => {
      this.builder.finishCall(id, result, source);
      this.openStep?.calls.delete(id);
      this.settle();
    });
    if (this.answer?.calls.some(({ call }) => call.id === id)) this.answer.isAnswered = true;
  }

  /** Once the call is told. */
  afterCall(id: string, tell: () => void): void {
    if (this.answer?.calls.some(({ call }) => call.id === id)) this.answer.after.push(tell);
    else tell();
  }

  note(name: string, data: unknown, source: Source): void {
    this.tell({ type: "foreignEvent", source: this.system, name, data }, source);
  }

  /** In its place behind the open answer. */
  tell(payload: EventPayload, source: Source): void {
    const tell = () => this.builder.emit(payload, source);
    if (this.answer) this.answer.after.push(tell);
    else tell();
  }

  /** The model is asked again: for the open answer where that called nothing, else for the next. */
  retry(fault: Pick<EventOf<"retryGeneration">, "attempt" | "error" | "delayMs">, source: Source): void {
    const isAgain = this.answer?.calls.length === 0;
    this.close(isAgain);
    if (!isAgain && !this.isStepBegun) this.builder.step += 1;
    this.isStepBegun = true;
    this.attempt = Math.max(1, fault.attempt) + 1;
    this.since = withoutId(source);
    this.builder.emit({ type: "retryGeneration", ...fault }, source);
  }

  /** What comes is of the same step, though it is another answer. */
  stayInStep(): void {
    this.close(true);
    this.isStepBegun = this.builder.step > 0;
  }

  /** Somebody else speaks: the answer before is whole, and the model is asked anew. */
  wait(source: Source): void {
    this.close();
    this.since = withoutId(source);
  }

  /** Tells the open answer. @param isStepOpen whether its step goes on with another one */
  close(isStepOpen = false): void {
    const { answer, builder } = this;
    if (!answer) return;
    this.answer = undefined;
    const { id, start, end, texts, reasoning, calls, usage, error, after } = answer;
    if (id !== undefined) this.counted.add(id);
    const text = texts.join("\n\n");
    if (text !== "") this.text = text;
    if (!this.isStepBegun) builder.step += 1;
    this.isStepBegun = false;
    builder.startGeneration(start, { attempt: this.attempt });
    this.attempt = 1;
    builder.finishGeneration(
      {
        finishReason: answer.finishReason ?? (calls.length > 0 ? "toolCalls" : "stop"),
        ...(text !== "" && { text }),
        ...(reasoning.length > 0 && { reasoning }),
        toolCalls: calls.map(({ call }) => call),
        ...(usage && { usage }),
        ...(error && { error }),
      },
      end,
    );
    for (const { call, source } of calls) builder.startCall(call, source);
    if (!isStepOpen) this.openStep = { step: builder.step, calls: new Set(calls.map(({ call }) => call.id)), usage };
    for (const tell of after) tell();
    this.settle();
  }

  /** A step is over once all its calls have their results. */
  private settle(): void {
    const { openStep, builder } = this;
    if (!openStep || openStep.calls.size > 0) return;
    this.openStep = undefined;
    const { step, usage } = openStep;
    builder.emit({ type: "finishStep", ...(usage && { usage }) }, { timestamp: builder.lastTimestamp }, step);
  }

  private open(): Answer {
    return this.answer ?? this.begin(this.newest);
  }

  private begin(source: Source, id?: string): Answer {
    this.close();
    const answer: Answer = {
      ...{ id, start: this.since, end: withoutId(source) },
      ...{ texts: [], reasoning: [], calls: [], isAnswered: false, isComplete: false, after: [] },
      ...(this.owed && { usage: this.owed }),
    };
    this.owed = undefined;
    this.answer = answer;
    return answer;
  }
}

function withoutId({ id: _, ...source }: Source): Source {
  return source;
}
