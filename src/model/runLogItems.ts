/** The items of a step's log: one line for what happened, and lines with what there is to read about it. */
import type { EventOf, RunEvent } from "./events";
import { describeHappening } from "./eventText";
import type { FailureGrade } from "./failure";
import { formatDuration } from "./formatting";
import type { LineTarget, LogLine } from "./logLine";
import { logLine } from "./logLine";
import { oneLine, plainLines } from "./plainText";
import { causeLines, errorLines, formatGeneration, limits } from "./runLogGeneration";
import { formatOutcome, formatToolCall } from "./runLogTool";
import { describeError, gradeSign } from "./statusText";
import { compactJson } from "./toolText";
import { unpackValue } from "./unpackText";

/** Events that follow each other in the same step. */
export interface Segment {
  step: number;
  events: RunEvent[];
  /** Whether what it started may still end. */
  goesOn: boolean;
}

/** The lines of one event; none where another event's lines tell of it. */
export function formatItem(
  event: RunEvent,
  index: number,
  segment: Segment,
  grades: ReadonlyMap<number, FailureGrade>,
): LogLine[] {
  const { step, seq } = event;
  const target: LineTarget = { step, seq, grade: grades.get(seq) };
  switch (event.type) {
    case "startRun":
    case "finishStep":
    case "finishRun":
      return [];
    case "startGeneration":
      return formatGeneration(event, endOfGeneration(segment, index), segment.goesOn);
    case "finishGeneration":
      return startOfGeneration(segment, index) ? [] : formatGeneration(undefined, event, false);
    case "startToolCall":
      return formatToolCall(event, endOfToolCall(event, index, segment), segment.goesOn, grades);
    case "finishToolCall":
      return startOfToolCall(event, index, segment) ? [] : formatOutcome(event, 2, grades.get(seq), undefined);
    case "errorRun":
      return item(`${gradeSign("fatal")} fatal: ${describeError(event.error)}`, target, errorLines(event));
    case "retryGeneration":
      return note(event, target, [
        ...causeLines(event.error),
        ...(event.feedback ? plainLines(`Told the model: ${event.feedback}`, limits.text) : []),
      ]);
    case "requestInput":
      return note(event, { ...target, toolCallId: event.toolCallId }, unpackValue(event.args, limits.args));
    case "startDelegation":
      return note(event, { ...target, toolCallId: event.toolCallId }, ifLong(event.query));
    case "finishDelegation":
      return note(event, { ...target, toolCallId: event.toolCallId }, ifLong(event.text ?? ""));
    case "requestApproval":
      return note(event, { ...target, toolCallId: event.toolCallId }, []);
    case "readyNode":
      return segment.events.length === 1 ? note(event, target, []) : [];
    case "startNode":
    case "finishNode":
    case "failNode":
      return formatNodeEvent(event, segment, index, target);
    case "foreignEvent":
      return note(event, target, isShort(event.data) ? [] : unpackValue(event.data, limits.args));
    default:
      return note(event, target, []);
  }
}

/** Where one end of an execution tells of both, the other says nothing. */
function formatNodeEvent(
  event: EventOf<"startNode" | "finishNode" | "failNode">,
  { events, goesOn }: Segment,
  index: number,
  target: LineTarget,
): LogLine[] {
  const isSame = (other: RunEvent) =>
    "node" in other && other.node === event.node && other.iteration === event.iteration;
  if (event.type === "startNode") {
    const next = events.slice(index + 1).find(isSameOf(isSame));
    if (next && next.type !== "startNode") return [];
    return item(`${describeHappening(event).text} · ${goesOn ? "running…" : "did not finish"}`, target, []);
  }
  const start = events.slice(0, index).findLast(isSameOf(isSame));
  const took = start?.type === "startNode" ? formatDuration(event.timestamp - start.timestamp) : "";
  const told = [describeHappening(event).text, took].filter(Boolean).join(" · ");
  const details = event.type === "failNode" ? ifLong(event.reason, 160) : [];
  const { grade } = target;
  return item(grade ? `${gradeSign(grade)} ${grade}: ${told}` : told, target, details);
}

function isSameOf(isSame: (event: RunEvent) => boolean): (event: RunEvent) => boolean {
  return (event) =>
    (event.type === "startNode" || event.type === "finishNode" || event.type === "failNode") && isSame(event);
}

/** Whether the line of the event shows it whole. */
function isShort(data: unknown): boolean {
  const text = compactJson(data);
  return oneLine(text) === text;
}

function note(event: RunEvent, target: LineTarget, details: string[]): LogLine[] {
  const { text } = describeHappening(event);
  const { grade } = target;
  return item(grade ? `${gradeSign(grade)} ${grade}: ${text}` : text, target, details);
}

function item(text: string, target: LineTarget, details: string[]): LogLine[] {
  return [logLine(2, text, target), ...details.map((detail) => logLine(3, detail, target))];
}

/** The lines of a text that its item's line could not show whole. */
function ifLong(text: string, shown = 100): string[] {
  return oneLine(text, shown) === text ? [] : plainLines(text, limits.text);
}

function endOfGeneration({ events }: Segment, start: number): EventOf<"finishGeneration"> | undefined {
  for (let index = start + 1; index < events.length; index += 1) {
    const event = events[index];
    if (event?.type === "startGeneration") return undefined;
    if (event?.type === "finishGeneration") return event;
  }
  return undefined;
}

function startOfGeneration({ events }: Segment, end: number): boolean {
  for (let index = end - 1; index >= 0; index -= 1) {
    const type = events[index]?.type;
    if (type === "finishGeneration") return false;
    if (type === "startGeneration") return true;
  }
  return false;
}

function endOfToolCall(
  { toolCallId }: EventOf<"startToolCall">,
  start: number,
  { events }: Segment,
): EventOf<"finishToolCall"> | undefined {
  for (let index = start + 1; index < events.length; index += 1) {
    const event = events[index];
    if (event?.type === "startToolCall" && event.toolCallId === toolCallId) return undefined;
    if (event?.type === "finishToolCall" && event.toolCallId === toolCallId) return event;
  }
  return undefined;
}

function startOfToolCall({ toolCallId }: EventOf<"finishToolCall">, end: number, { events }: Segment): boolean {
  for (let index = end - 1; index >= 0; index -= 1) {
    const event = events[index];
    if (event?.type === "finishToolCall" && event.toolCallId === toolCallId) return false;
    if (event?.type === "startToolCall" && event.toolCallId === toolCallId) return true;
  }
  return false;
}
