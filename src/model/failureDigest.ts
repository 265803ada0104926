/** What failed in a run, small enough to be handed to a model: the failing steps of its last events, as JSON lines or Markdown. */
import { estimateTokenCount } from "tokenx";
import type { EventOf, EventType, RunEvent } from "./events";
import type { ErrorClass, Failure, FailureGrade } from "./failure";
import { formatCost, formatCount, formatTokens } from "./formatting";
import { inlineCode } from "./markdownText";
import { oneLine } from "./plainText";
import { type PriceOverrides, priceOf } from "./prices";
import type { Run, RunStatus } from "./run";
import { runStatusWords } from "./statusText";
import { compactJson } from "./toolText";

export interface FailureLine {
  /** Of the event that says so. */
  type: EventType;
  step: number;
  grade: FailureGrade;
  class: ErrorClass;
  reason: string;
  node?: string;
  iteration?: number;
  tool?: string;
  /** What the tool was called with, cut. */
  args?: string;
  /** How often the same failed in the same way, where more than once. */
  times?: number;
}

export interface FailureDigest {
  runId: string;
  title: string;
  status: RunStatus;
  stopReason?: Run["stopReason"];
  /** Oldest first. */
  failures: FailureLine[];
  /** Failures of the run that are not among them. */
  leftOut: number;
  /** What the whole log would take; the cost where the price of the run's model is known. */
  log: { tokens: number; cost?: number };
}

export interface DigestOptions {
  /** Looked at are the failures of so many events, the last that matter; of all where there are few. */
  events?: number;
  /** About how many tokens the JSON lines may have: reasons are cut first, then the oldest failures left out. */
  tokens?: number;
  prices?: PriceOverrides | undefined;
}

const usualEvents = 30;
const usualTokens = 450;
/** So many failures are told however long ago they were. */
const few = 5;
const reasonLengths = [300, 160, 80];
const argsLengths = [120, 60, 0];

export function digestFailures(
  run: Run,
  events: readonly RunEvent[],
  { events: last = usualEvents, tokens = usualTokens, prices }: DigestOptions = {},
): FailureDigest {
  const chosen = run.failures.length <= few ? run.failures : ofLast(run.failures, events, last);
  const title = [oneLine(run.expertKey, 200), oneLine(run.query, 120)].filter(Boolean).join(": ");
  const told = shorten(run, chosen, events, tokens);
  return {
    ...{ runId: run.runId, title, status: run.status },
    ...(run.stopReason && { stopReason: run.stopReason }),
    failures: told.lines,
    leftOut: run.failures.length - told.count,
    log: sizeOfLog(run, events, prices),
  };
}

/** What the run ended with, and what failed among its last events. */
function ofLast(failures: readonly Failure[], events: readonly RunEvent[], last: number): Failure[] {
  const from = last > 0 ? (events.filter(matters).slice(-last)[0]?.seq ?? 0) : Number.POSITIVE_INFINITY;
  const worst = failures.findLast(({ grade }) => grade === "fatal") ?? failures.at(-1);
  return failures.filter((failure) => failure.seq >= from || failure === worst);
}

const beginnings: ReadonlySet<EventType> = new Set([
  ...(["readyNode", "startNode", "startGeneration", "startToolCall", "startDelegation"] as const),
  ...(["logSkill", "writeState", "foreignEvent"] as const),
]);

/** What something came to: its beginning and what is said on the way are none of the last events. */
function matters({ type }: RunEvent): boolean {
  return !beginnings.has(type);
}

function shorten(
  run: Run,
  failures: readonly Failure[],
  events: readonly RunEvent[],
  tokens: number,
): { lines: FailureLine[]; count: number } {
  let kept = [...failures];
  let lines: FailureLine[] = [];
  const isTooLong = () => countTokens(lines.map((line) => JSON.stringify(line)).join("\n")) > tokens;
  for (const level of reasonLengths.keys()) {
    lines = describe(run, kept, events, level);
    if (!isTooLong()) return { lines, count: kept.length };
  }
  while (kept.length > 1 && isTooLong()) {
    const least = kept.find(({ grade }) => grade === "recovered") ?? kept[0];
    kept = kept.filter((failure) => failure !== least);
    lines = describe(run, kept, events, reasonLengths.length - 1);
  }
  return { lines, count: kept.length };
}

function describe(run: Run, failures: readonly Failure[], events: readonly RunEvent[], level: number): FailureLine[] {
  const bySeq = new Map(failures.map(({ seq }) => [seq, undefined as RunEvent | undefined]));
  const calls = new Map<string, EventOf<"startToolCall">>();
  for (const event of events) {
    if (bySeq.has(event.seq)) bySeq.set(event.seq, event);
    if (event.type === "startToolCall") calls.set(event.toolCallId, event);
  }
  const nodes = new Map(run.steps.flatMap(({ step, node }) => (node === undefined ? [] : [[step, node] as const])));
  const lines: FailureLine[] = [];
  for (const failure of failures) {
    const line = lineOf(failure, bySeq.get(failure.seq), { calls, nodes }, level);
    const before = lines.at(-1);
    if (before && isSame(before, line)) before.times = (before.times ?? 1) + 1;
    else lines.push(line);
  }
  return lines;
}

interface Surroundings {
  /** By the id of the call. */
  calls: ReadonlyMap<string, EventOf<"startToolCall">>;
  /** By step. */
  nodes: ReadonlyMap<number, string>;
}

function lineOf(
  failure: Failure,
  event: RunEvent | undefined,
  { calls, nodes }: Surroundings,
  level: number,
): FailureLine {
  const call = failure.toolCallId === undefined ? undefined : calls.get(failure.toolCallId);
  const args = cut(call ? compactJson(call.args) : "", argsLengths[level] ?? 0);
  const node = event && "node" in event ? event.node : nodes.get(failure.step);
  return {
    type: event?.type ?? "foreignEvent",
    ...{ step: failure.step, grade: failure.grade, class: failure.class },
    reason: cut(reasonOf(failure, event), reasonLengths[level] ?? 80),
    ...(node !== undefined && { node: cut(node, 80) }),
    ...(event?.type === "failNode" && event.iteration !== undefined && { iteration: event.iteration }),
    ...(call && { tool: cut(call.tool, 80) }),
    ...(args !== "" && args !== "{}" && { args }),
  };
}

/** What the line says elsewhere is not said again. */
function reasonOf({ reason }: Failure, event: RunEvent | undefined): string {
  switch (event?.type) {
    case "failNode":
      return event.reason;
    case "finishToolCall":
      return reason.startsWith(`${event.tool}: `) ? reason.slice(event.tool.length + 2) : reason;
    case "errorRun": {
      const { message, cause } = event.error;
      return cause === undefined || message.includes(cause) ? message : `${message} (${cause})`;
    }
    default:
      return reason;
  }
}

function isSame(a: FailureLine, b: FailureLine): boolean {
  const { times: _, ...rest } = a;
  return JSON.stringify(rest) === JSON.stringify(b);
}

function cut(text: string, length: number): string {
  return length === 0 ? "" : oneLine(text, length);
}

/** One compact JSON object for each failure. */
export function digestLines({ failures }: FailureDigest): string[] {
  return failures.map((line) => JSON.stringify(line));
}

export function digestMarkdown(digest: FailureDigest): string {
  const { title, runId, status, stopReason, failures, leftOut } = digest;
  const words = runStatusWords({ status, ...(stopReason && { stopReason }) });
  return [
    `**${escapeMarkdown(title)}**: ${words} (run ${inlineCode(runId)})`,
    "",
    ...failures.map(bulletOf),
    ...(failures.length === 0 ? ["Nothing failed."] : []),
    ...(leftOut > 0 ? [`- ${formatCount(leftOut, "more failure")} before, left out`] : []),
  ].join("\n");
}

function bulletOf({
  type,
  step,
  grade,
  class: errorClass,
  reason,
  node,
  iteration,
  tool,
  args,
  times,
}: FailureLine): string {
  const attempt = iteration === undefined ? node : `${node} #${iteration}`;
  const what = [attempt, tool].flatMap((name) => (name === undefined ? [] : [inlineCode(name)]));
  const call = args === undefined ? what : [...what, `with ${inlineCode(args)}`];
  const often = times === undefined ? "" : `, ${times} times`;
  const about = call.length > 0 ? ` (${call.join(" ")})` : "";
  return `- step ${step}, ${grade}${often}: ${type} ${errorClass}${about}: ${escapeMarkdown(reason)}`;
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*[\]<>#|~]|\b_|_\b/gu, "\\$&");
}

/** Estimated without a model's table: of English and code a tenth too few or too many. */
export function countTokens(text: string): number {
  return estimateTokenCount(text);
}

/** "about 84 tokens; the whole log has about 12.3k tokens, $0.0369 as input of claude-sonnet-4-5". */
export function describeDigestSize(text: string, { log }: FailureDigest, model?: string): string {
  const cost = log.cost === undefined ? "" : `, about ${formatCost(log.cost)} as input of ${oneLine(model ?? "", 80)}`;
  return `about ${formatTokens(countTokens(text))} tokens; the whole log has about ${formatTokens(log.tokens)}${cost}`;
}

/** Of a log longer than this, the rest is taken to be like it. */
const mostCounted = 200_000;

/** Where only a part of a long log is there, the rest is taken to be like it. */
function sizeOfLog(
  { model, omitted, eventCount }: Run,
  events: readonly RunEvent[],
  prices?: PriceOverrides,
): FailureDigest["log"] {
  let [counted, tokens, whole] = [0, 0, 0];
  for (const event of events) {
    const text = `${JSON.stringify(event)}\n`;
    whole += text.length;
    if (counted >= mostCounted) continue;
    const part = text.slice(0, mostCounted - counted);
    counted += part.length;
    tokens += countTokens(part);
  }
  const times = omitted && events.length > 0 ? Math.max(1, eventCount / events.length) : 1;
  const all = Math.round(times * tokens * (counted > 0 ? whole / counted : 0));
  const price = model === undefined ? undefined : priceOf(model, prices);
  return { tokens: all, ...(price && { cost: (all * price.input) / 1_000_000 }) };
}
