/** Which events of a run `runtrail log` shows: filters, their context, and both ends of what is shown. */
import type { EventType, RunEvent } from "../model/events";
import { failureOf } from "../model/failures";

export interface LogFilter {
  step?: number | undefined;
  types?: readonly EventType[] | undefined;
  errors?: boolean | undefined;
  tools?: boolean | undefined;
  /** Events shown before and after each that fits. */
  context?: number | undefined;
}

export function isFiltering({ step, types, errors, tools }: LogFilter): boolean {
  return step !== undefined || types !== undefined || errors === true || tools === true;
}

/** The events that pass every filter, with their context. */
export function selectEvents(events: readonly RunEvent[], filter: LogFilter): RunEvent[] {
  const around = filter.context ?? 0;
  const chosen = new Set<number>();
  events.forEach((event, index) => {
    if (!passes(event, filter)) return;
    const end = Math.min(events.length - 1, index + around);
    for (let at = Math.max(0, index - around); at <= end; at += 1) chosen.add(at);
  });
  return events.filter((_, index) => chosen.has(index));
}

/** For reading: a call or generation of which one end is selected comes with the other. */
export function withBothEnds(events: readonly RunEvent[], selected: readonly RunEvent[]): RunEvent[] {
  const chosen = new Set(selected);
  const open = new Map<string, RunEvent>();
  for (const event of events) {
    const key = keyOf(event);
    if (key === undefined) continue;
    if (event.type.startsWith("start")) {
      open.set(key, event);
      continue;
    }
    const start = open.get(key);
    open.delete(key);
    if (start && (chosen.has(start) || chosen.has(event))) chosen.add(start).add(event);
  }
  return events.filter((event) => chosen.has(event));
}

function passes(event: RunEvent, { step, types, errors, tools }: LogFilter): boolean {
  if (step !== undefined && event.step !== step) return false;
  if (types && !types.includes(event.type)) return false;
  if (tools && event.type !== "startToolCall" && event.type !== "finishToolCall") return false;
  return !errors || failureOf(event) !== undefined || (event.type === "finishGeneration" && event.error !== undefined);
}

/** What ties a start to its end within a step. */
function keyOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case "startGeneration":
    case "finishGeneration":
      return `generation ${event.step}`;
    case "startToolCall":
    case "finishToolCall":
      return `tool ${event.step} ${event.toolCallId}`;
    default:
      return undefined;
  }
}
