/** Generations, tool calls and delegations of another program's spans, in their steps: a step for each generation. */
import { addUsage, noUsage } from "../../model/addUsage";
import type { EventPayload } from "../../model/events";
import type { EventError } from "../../model/failure";
import type { ToolCall } from "../../model/message";
import type { Usage } from "../../model/usage";
import { textResult } from "../foreignRunBuilder";
import type { Moment } from "./moments";
import type { Span } from "./otlpSpan";
import { readStructured } from "./otlpValue";
import { noteOf } from "./runFrame";
import { costOf, errorOf, finishReasonOf, firstText, roleOf, usageOf } from "./spanFacts";
import { readInput, readOutput, type SaidMessage, textOf } from "./spanMessages";
import type { SpanRun } from "./traceRuns";

export interface Delegate {
  runId: string;
  expertKey: string;
  query: string;
  status: string;
  startedAt: number;
  finishedAt?: number;
  text?: string;
  error?: EventError;
  totalUsage?: Usage;
  cost?: number;
  /** The tool call that it is called by. */
  call: Span | undefined;
}

/** @param startedAt of the run: the nearest time of what has none */
export function momentsOf(run: SpanRun, delegates: readonly Delegate[], startedAt: number): Moment[] {
  const { chats, tools, notes } = sort(run);
  const steps = new Steps(startedAt);
  chats.forEach((chat, index) => {
    steps.addGeneration(chat, chats[index + 1]);
  });
  for (const tool of tools) {
    const ofCall = delegates.filter(({ call }) => call === tool);
    steps.addCall(tool, ofCall);
  }
  steps.addSaidResults(chats);
  for (const delegate of delegates) if (!delegate.call) steps.addDelegate(delegate);
  for (const note of notes) steps.moments.push(noteOf(note, steps.stepAt(note.startedAt), startedAt));
  steps.finish();
  // What begins and ends in the same millisecond stands in the order in which it was added.
  return steps.moments.sort((a, b) => a.at - b.at);
}

/** A generation in a generation, and a call in the same call, is the same one told again by another library. */
function sort({ spans, roots }: SpanRun): { chats: Span[]; tools: Span[]; notes: Span[] } {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const isRepeated = (span: Span) => {
    const seen = new Set<Span>();
    for (let at = byId.get(span.parentId ?? ""); at && !seen.has(at); at = byId.get(at.parentId ?? "")) {
      seen.add(at);
      if (roleOf(at) === roleOf(span)) return roleOf(span) === "chat" || toolOf(at) === toolOf(span);
      if (seen.size > 8) return false;
    }
    return false;
  };
  const [chats, tools, notes]: Span[][] = [[], [], []];
  for (const span of spans) {
    const role = roleOf(span);
    if (role === "chat" && !isRepeated(span)) chats?.push(span);
    else if (role === "tool" && !isRepeated(span)) tools?.push(span);
    else if (!roots.includes(span)) notes?.push(span);
  }
  return { chats: chats ?? [], tools: tools ?? [], notes: notes ?? [] };
}

function toolOf(span: Span): string {
  const name = firstText(span, "gen_ai.tool.name", "tool.name", "traceloop.entity.name");
  return name ?? (span.name.replace(/^execute_tool\s+/u, "") || "unknown");
}

interface Step {
  number: number;
  startedAt: number;
  endedAt: number;
  isOpen: boolean;
  usage: Usage;
  /** Calls that the model made and no span was found of yet. */
  calls: ToolCall[];
}

/** Steps in which the call that a span carries out is looked for: it was asked for shortly before. */
const callReach = 100;

class Steps {
  readonly moments: Moment[] = [];
  private readonly steps: Step[] = [];
  private readonly callIds = new Set<string>();
  /** When the last generation ended: they stand one behind the other, even where they were side by side. */
  private freeAt = 0;
  private attempt = 0;

  constructor(private readonly startedAt: number) {}

  addGeneration(chat: Span, next: Span | undefined): void {
    const at = Math.max(chat.startedAt ?? chat.endedAt ?? this.startedAt, this.freeAt);
    const isRetry = this.attempt > 0;
    const step = (isRetry && this.steps.at(-1)) || this.addStep(at);
    const attempt = this.attempt + 1;
    const input = readInput(chat);
    const messageCount = input.length > 0 ? { messageCount: input.length } : {};
    const add = (time: number, id: string, payload: EventPayload) =>
      this.moments.push({ at: time, id, step: step.number, payload });
    add(at, chat.spanId, { type: "startGeneration", attempt, ...messageCount });
    this.attempt = 0;
    if (chat.endedAt === undefined) {
      step.isOpen = true;
      return;
    }
    const end = Math.max(chat.endedAt, at);
    this.freeAt = end;
    step.endedAt = Math.max(step.endedAt, end);
    const [usage, cost, error, answer] = [usageOf(chat), costOf(chat), errorOf(chat), answerOf(readOutput(chat))];
    step.usage = addUsage(step.usage, usage);
    const toolCalls = answer.calls.map(({ id, name, args }, index) => ({
      ...{ id: id ?? `${chat.spanId}-${index + 1}`, skill: "", tool: name, args: args ?? null },
    }));
    step.calls.push(...toolCalls);
    const finishReason = finishReasonOf(chat, answer.finishReason);
    const reasoning = answer.reasoning.map(({ content, text, thinking }) => ({
      text: textOf(content ?? text ?? thinking),
    }));
    add(end, `${chat.spanId}-end`, {
      ...{ type: "finishGeneration", attempt, toolCalls },
      finishReason: finishReason === "other" && toolCalls.length > 0 ? "toolCalls" : finishReason,
      ...(usage && { usage }),
      ...(cost !== undefined && { cost }),
      ...(answer.text !== "" && { text: answer.text }),
      ...(reasoning.length > 0 && { reasoning }),
      ...(chat.startedAt !== undefined && { durationMs: Math.max(0, chat.endedAt - chat.startedAt) }),
      ...(error && { error }),
    });
    if (!error || !next) return;
    // Another generation behind one that failed is the same again.
    const delayMs = Math.max(0, (next.startedAt ?? end) - end);
    add(end, `${chat.spanId}-retry`, { type: "retryGeneration", attempt: attempt + 1, error, delayMs });
    this.attempt = attempt;
  }

  addCall(tool: Span, delegates: readonly Delegate[]): void {
    const name = toolOf(tool);
    const recordedId = firstText(tool, "gen_ai.tool.call.id", "tool_call.id");
    const { step, call } = this.takeCall(tool, name, recordedId);
    const id = this.uniqueId(recordedId ?? call?.id ?? tool.spanId);
    const at = tool.startedAt ?? tool.endedAt ?? this.startedAt;
    const args = argsOf(tool) ?? call?.args ?? null;
    this.add(step, at, tool.spanId, { type: "startToolCall", toolCallId: id, skill: "", tool: name, args });
    for (const delegate of delegates) this.addDelegate(delegate, { id, step, at, until: tool.endedAt });
    if (tool.endedAt === undefined) {
      step.isOpen = true;
      return;
    }
    const error = errorOf(tool);
    const result = resultOf(tool);
    this.add(step, tool.endedAt, `${tool.spanId}-end`, {
      ...{ type: "finishToolCall", toolCallId: id, skill: "", tool: name, isError: error !== undefined },
      ...(error && { errorClass: error.class }),
      result: textResult(result === undefined ? (error?.message ?? "") : result),
      ...(tool.startedAt !== undefined && { durationMs: tool.endedAt - tool.startedAt }),
    });
  }

  /** Calls without a span, whose results the model was told: nobody knows how long they took. */
  addSaidResults(chats: readonly Span[]): void {
    for (const chat of chats) {
      if (this.steps.every(({ calls }) => calls.length === 0)) return;
      const results = readInput(chat).flatMap((message) => message.results);
      for (const step of this.steps) {
        if (step.calls.length === 0) continue;
        const at = chat.startedAt ?? step.endedAt;
        step.calls = step.calls.filter((call) => {
          const said = results.find(({ id }) => id === call.id);
          if (!said) return true;
          const { tool, args } = call;
          const id = this.uniqueId(call.id);
          const about = { toolCallId: id, skill: "", tool };
          const time = Math.max(at, step.startedAt);
          const add = (payload: EventPayload) =>
            this.moments.push({ at: time, isUntimed: true, step: step.number, payload });
          add({ type: "startToolCall", ...about, args });
          add({ type: "finishToolCall", ...about, isError: false, result: textResult(textOf(said.result)) });
          return false;
        });
      }
    }
  }

  addDelegate(delegate: Delegate, call?: { id: string; step: Step; at: number; until: number | undefined }): void {
    const { runId: childRunId, expertKey: childExpertKey, query, status, startedAt, finishedAt } = delegate;
    const { text, error, totalUsage, cost } = delegate;
    const step = call?.step ?? this.stepFor(startedAt);
    const toolCallId = call?.id ?? childRunId;
    const at = Math.min(Math.max(startedAt, call?.at ?? 0), call?.until ?? Number.MAX_VALUE);
    const begun: EventPayload = { type: "startDelegation", toolCallId, childRunId, childExpertKey, query };
    this.add(step, at, `${childRunId}-called`, begun);
    if (finishedAt === undefined) return;
    const end = Math.max(at, Math.min(finishedAt, call?.until ?? Number.MAX_VALUE));
    this.add(step, end, `${childRunId}-answered`, {
      ...{ type: "finishDelegation", toolCallId, childRunId, status },
      ...(text !== undefined && { text }),
      ...(error && { error }),
      ...(totalUsage && { totalUsage }),
      ...(cost !== undefined && { cost }),
    });
  }

  /** 0 before the first. */
  stepAt(at: number | undefined): number {
    return this.begunBy(at ?? this.startedAt);
  }

  finish(): void {
    for (const { number, startedAt, endedAt, isOpen, usage } of this.steps) {
      if (isOpen) continue;
      this.moments.push({
        ...{ at: endedAt, step: number },
        payload: { type: "finishStep", ...(usage !== noUsage && { usage }), durationMs: endedAt - startedAt },
      });
    }
  }

  private add(step: Step, at: number, id: string, payload: EventPayload): void {
    step.endedAt = Math.max(step.endedAt, at);
    this.moments.push({ at, id, step: step.number, payload });
  }

  private addStep(at: number): Step {
    const step = {
      ...{ number: this.steps.length + 1, startedAt: at, endedAt: at, isOpen: false, usage: noUsage, calls: [] },
    };
    this.steps.push(step);
    return step;
  }

  private stepFor(at: number): Step {
    return this.steps[this.begunBy(at) - 1] ?? this.steps[0] ?? this.addStep(at);
  }

  /** How many steps had begun by then. */
  private begunBy(at: number): number {
    let [low, high] = [0, this.steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.steps[middle]?.startedAt ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The call of the model that the span carries out, and its step. */
  private takeCall(
    { startedAt = this.startedAt }: Span,
    name: string,
    id: string | undefined,
  ): { step: Step; call?: ToolCall } {
    const isMeant = (call: ToolCall) => (id === undefined ? call.tool === name : call.id === id);
    const begun = this.begunBy(startedAt);
    const near = this.steps.slice(Math.max(0, begun - callReach), begun);
    const asked = near.findLast((step) => step.calls.some(isMeant));
    const call = asked?.calls.find(isMeant);
    if (!asked || !call) return { step: this.stepFor(startedAt) };
    asked.calls.splice(asked.calls.indexOf(call), 1);
    return { step: asked, call };
  }

  private uniqueId(wanted: string): string {
    let id = wanted;
    for (let count = 2; this.callIds.has(id); count += 1) id = `${wanted}-${count}`;
    this.callIds.add(id);
    return id;
  }
}

const nothing: SaidMessage = { role: "assistant", text: "", reasoning: [], calls: [], results: [] };

/** The first alternative; its calls may be told as messages of their own. */
function answerOf(output: readonly SaidMessage[]): SaidMessage {
  const [first = nothing, ...others] = output;
  if (first.calls.length > 0) return first;
  return { ...first, calls: others.find(({ calls }) => calls.length > 0)?.calls ?? [] };
}

function argsOf({ attributes }: Span): unknown {
  for (const name of ["gen_ai.tool.call.arguments", "tool.parameters", "traceloop.entity.input", "input.value"]) {
    const value = attributes.get(name);
    if (value !== undefined) return readStructured(value);
  }
  return undefined;
}

function resultOf({ attributes, events }: Span): string | undefined {
  for (const name of ["gen_ai.tool.call.result", "gen_ai.tool.message", "traceloop.entity.output", "output.value"]) {
    const value = attributes.get(name);
    if (value !== undefined) return textOf(value);
  }
  const said = events.find(({ name }) => name === "gen_ai.tool.message")?.attributes;
  return said && textOf(said.get("content") ?? said.get("gen_ai.event.content"));
}
