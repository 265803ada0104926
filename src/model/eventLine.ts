/** An event as one line of a plain log: "INFO: startRun started “Fix it”", to be read and searched by its first words. */
import type { RunEvent } from "./events";
import { describeHappening, type EventText } from "./eventText";
import { isKnownTime } from "./formatting";
import { oneLine } from "./plainText";

export type EventLevel = EventText["level"];
/** The least first. */
export const eventLevels = ["trace", "debug", "info", "warn", "error"] as const satisfies readonly EventLevel[];

export interface EventLineOptions {
  /** In front, in UTC; "-" where it is unknown. */
  time?: boolean | undefined;
  /** Whose event it is, where there is more than one expert. */
  expert?: boolean | undefined;
  /** Events of a lower level are left out. */
  level?: EventLevel | undefined;
}

/** `undefined` where the event matters less than what is wanted. */
export function formatEventLine(event: RunEvent, options: EventLineOptions = {}): string | undefined {
  const { level, text } = describeHappening(event);
  if (eventLevels.indexOf(level) < eventLevels.indexOf(options.level ?? "trace")) return undefined;
  const about = [
    options.expert ? oneLine(event.expertKey, 80) : "",
    event.step > 0 ? `step ${event.step}` : "",
    text,
  ].filter(Boolean);
  const time = options.time ? `${formatMoment(event.timestamp)} ` : "";
  return `${time}${level.toUpperCase()}: ${event.type} ${about.join(" · ")}`;
}

/** Stable: what happened at the same time stays in its order. */
export function sortByTime(events: readonly RunEvent[]): RunEvent[] {
  return events.toSorted((a, b) => a.timestamp - b.timestamp);
}

function formatMoment(unixMs: number): string {
  const date = new Date(unixMs);
  return isKnownTime(unixMs) && !Number.isNaN(date.getTime()) ? date.toISOString() : "-";
}
