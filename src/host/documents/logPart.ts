/** Which part of a long run its log shows, the line that says so, and what is asked for to see another. */
import type { LoadedPart, LoadedRun, WantedPart } from "../../app/runIndex";
import type { RunEvent } from "../../model/events";
import { type LogLine, logLine } from "../../model/logLine";
import { sizeOfEvent } from "../../model/runWindow";
import { reachBack, reachOn, windowLimits } from "../../model/windowEdges";

export type PartDirection = "before" | "after" | "newest";

/** A word of the line that does something. */
export interface PartLink {
  text: string;
  to: PartDirection | "search" | "timeline";
}

export interface LogPart {
  events: readonly RunEvent[];
  /** Absent: all of them are there. */
  part?: LoadedPart;
}

/** A run that was loaded as a whole may still be far too long for one document. */
export function partOfLog({ part, events }: LoadedRun, wanted: WantedPart): LogPart {
  if (part) return { events, part };
  const sizes = events.map(sizeOfEvent);
  const columns = { stepOf: (at: number) => events[at]?.step ?? 0, bytesOf: (at: number) => sizes[at] ?? 0 };
  const { seq, step, edge } = wanted;
  const found = events.findIndex((event) => (seq === undefined ? event.step === step : event.seq >= seq));
  const at = found === -1 ? events.length - 1 : found;
  const isAtEnd = seq === undefined && step === undefined;
  const half = { ...windowLimits, events: windowLimits.events / 2, bytes: windowLimits.bytes / 2 };
  const back = isAtEnd || edge === "last" ? windowLimits : half;
  const from = edge === "first" ? at : reachBack(isAtEnd ? events.length : at + 1, columns, back);
  const to =
    isAtEnd || edge === "last"
      ? Math.min(events.length, at + 1)
      : reachOn(from, events.length, columns, windowLimits, at);
  const [first, last] = [events[from], events[to - 1]];
  if (!first || !last || (from === 0 && to === events.length)) return { events };
  return {
    events: events.slice(from, to),
    part: {
      ...{ firstStep: first.step, lastStep: last.step, firstSeq: first.seq, lastSeq: last.seq },
      ...{ hasEarlier: from > 0, hasLater: to < events.length, isWhole: true },
    },
  };
}

/** Whether the place is in the part. */
export function isInPart(part: LoadedPart | undefined, { step, seq }: { step: number; seq?: number | undefined }) {
  if (!part || step === 0) return true;
  if (seq !== undefined) return seq >= part.firstSeq && seq <= part.lastSeq;
  return step >= part.firstStep && step <= part.lastStep;
}

/** What lies next to the part: a log shows one part after the other, so that it stays short. */
export function nextPart({ firstStep, lastStep, firstSeq, lastSeq }: LoadedPart, to: PartDirection): WantedPart {
  switch (to) {
    case "before":
      return { step: firstStep, seq: firstSeq, edge: "last" };
    case "after":
      return { step: lastStep, seq: lastSeq, edge: "first" };
    default:
      return {};
  }
}

export function partLinks({ hasEarlier, hasLater }: LoadedPart): PartLink[] {
  return [
    ...(hasEarlier ? [{ text: "Show earlier steps", to: "before" as const }] : []),
    ...(hasLater ? [{ text: "Show later steps", to: "after" as const }] : []),
    ...(hasLater ? [{ text: "Back to the end", to: "newest" as const }] : []),
    { text: "Search events…", to: "search" },
    { text: "Timeline", to: "timeline" },
  ];
}

/** The first line of the log. */
export function partLine(part: LoadedPart, lastStep: number): LogLine {
  const { firstStep, lastStep: shown, isWhole } = part;
  const steps = firstStep === shown ? `Step ${number(shown)}` : `Steps ${number(firstStep)} to ${number(shown)}`;
  const of = lastStep > 0 ? ` of ${number(lastStep)}` : "";
  const told = `${steps}${of} ${firstStep === shown ? "is" : "are"} shown`;
  const pending = isWhole ? [] : ["the rest of the log is still being looked through"];
  return logLine(0, [told, ...pending, ...partLinks(part).map(({ text }) => text)].join(" · "), { step: 0 });
}

/** Where the line's words are that do something. */
export function findPartLinks(line: string, part: LoadedPart): (PartLink & { start: number; end: number })[] {
  return partLinks(part).flatMap((link) => {
    const start = line.lastIndexOf(link.text);
    return start === -1 ? [] : [{ ...link, start, end: start + link.text.length }];
  });
}

function number(count: number): string {
  return count.toLocaleString("en-US");
}
