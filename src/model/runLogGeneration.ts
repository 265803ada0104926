/** A generation in the run's log: its first line of text, what it cost, then the whole answer and its reasoning. */
import { definitionPath } from "./definitionPath";
import type { EventOf, FinishReason } from "./events";
import type { EventError } from "./failure";
import { formatCost, formatDuration, formatTokens } from "./formatting";
import type { LogLine } from "./logLine";
import { logLine } from "./logLine";
import { oneLine, plainLines } from "./plainText";
import { describeError, errorDetails } from "./statusText";

const reasonWords: Record<FinishReason, string> = {
  stop: "ended by itself",
  toolCalls: "ended with tool calls",
  length: "ended at the token limit",
  contentFilter: "ended by a content filter",
  error: "ended with an error",
  cancelled: "cancelled",
  other: "ended",
};

/** How much of what a log shows. */
export const limits = {
  args: { lines: 40, width: 500 },
  result: { lines: 60, width: 500 },
  text: { lines: 400, width: 2000 },
} as const;

export function formatGeneration(
  start: EventOf<"startGeneration"> | undefined,
  end: EventOf<"finishGeneration"> | undefined,
  goesOn: boolean,
): LogLine[] {
  const first = start ?? end;
  if (!first) return [];
  const target = { step: first.step, seq: first.seq };
  if (!end) return [logLine(2, `model · ${goesOn ? "is asked…" : "did not answer"}`, target)];
  const spent = [
    formatDuration(end.durationMs),
    end.usage ? `${formatTokens(end.usage.totalTokens)} tokens` : "",
    formatCost(end.cost),
  ];
  const head = ["model", saidFirst(end), ...spent].filter(Boolean).join(" · ");
  const ended = { step: end.step, seq: end.seq };
  return [logLine(2, head, target), ...answerLines(end).map((line) => logLine(3, line, ended))];
}

function saidFirst(end: EventOf<"finishGeneration">): string {
  if (end.error) return `failed: ${describeError(end.error)}`;
  if (end.finishReason === "cancelled") return "cancelled";
  const tools = end.toolCalls.map(({ tool }) => oneLine(tool, 80)).join(", ");
  return oneLine(end.text ?? "") || (tools ? `calls ${oneLine(tools)}` : `no text (${reasonWords[end.finishReason]})`);
}

function answerLines(end: EventOf<"finishGeneration">): string[] {
  const { text = "", reasoning = [], usage, finishReason } = end;
  const attempt = end.attempt > 1 ? `attempt ${end.attempt}` : "";
  const tokens = usage
    ? `in ${formatTokens(usage.inputTokens)}, out ${formatTokens(usage.outputTokens)}`
    : "usage unknown";
  const firstToken =
    end.timeToFirstTokenMs === undefined ? "" : `first token after ${formatDuration(end.timeToFirstTokenMs)}`;
  return [
    [reasonWords[finishReason], tokens, firstToken, attempt].filter(Boolean).join(" · "),
    ...reasoning.flatMap((part) => ["reasoning:", ...plainLines(part.text, limits.text).map((line) => `  ${line}`)]),
    // A text of one short line already stands in the item's own line.
    ...(oneLine(text) === text ? [] : plainLines(text, limits.text)),
    ...(finishReason === "length" ? ["The answer was cut off at the token limit."] : []),
    ...(end.error ? causeLines(end.error) : []),
  ];
}

export function causeLines({ cause }: EventError): string[] {
  return cause ? plainLines(`cause: ${cause}`, limits.args) : [];
}

export function errorLines({ error, location }: EventOf<"errorRun">): string[] {
  const line = location?.line === undefined ? "" : `:${location.line}`;
  return [
    ...errorDetails(error, limits.text),
    ...causeLines(error),
    ...(location ? [`look at ${oneLine(definitionPath(location.uri), 400)}${line}`] : []),
  ];
}
