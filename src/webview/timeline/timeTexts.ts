/** Times as the timeline writes them: since the run began, and on its axis. */
import { formatDuration, formatTime, isKnownTime } from "../../model/formatting";

/** "0:01.250", "1:02:03.004"; "" where it is not known. Before the beginning is "−0:00.100". */
export function formatOffset(time: number, from: number | undefined): string {
  if (!isKnownTime(time) || from === undefined) return "";
  const ms = Math.round(Math.abs(time - from));
  const [hours, minutes, seconds] = [
    Math.floor(ms / 3_600_000),
    Math.floor(ms / 60_000) % 60,
    Math.floor(ms / 1000) % 60,
  ];
  const clock = hours > 0 ? `${hours}:${pad(minutes, 2)}:${pad(seconds, 2)}` : `${minutes}:${pad(seconds, 2)}`;
  return `${time < from ? "−" : ""}${clock}.${pad(ms % 1000, 3)}`;
}

/** "2026-02-03 14:05:06.250" */
export function formatExactTime(time: number): string {
  const text = formatTime(time);
  return text === "" ? "" : `${text}.${pad(Math.floor(time % 1000), 3)}`;
}

const steps = [1, 2, 5].flatMap((digit) => [1, 10, 100].map((power) => digit * power));
const niceSteps: readonly number[] = [
  ...steps.toSorted((a, b) => a - b),
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 720].map((hours) => hours * 3_600_000),
];

/** The marks of an axis of this length: at most so many, at round times. */
export function ticksOf(lengthMs: number, atMost: number): { step: number; labels: readonly string[] } {
  const step = niceSteps.find((each) => lengthMs / each <= atMost) ?? lengthMs;
  const count = step > 0 ? Math.floor(lengthMs / step) : 0;
  return {
    step,
    labels: Array.from({ length: count + 1 }, (_, index) => (index === 0 ? "0" : tickText(index * step))),
  };
}

/** Without the decimals that say nothing: "2 s", "5 min". */
function tickText(ms: number): string {
  return formatDuration(ms)
    .replace(/\.0 s$/u, " s")
    .replace(/ min 00 s$/u, " min")
    .replace(/ h 00 min$/u, " h");
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, "0");
}
