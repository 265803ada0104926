/** A row of events as one line of text, to be copied or read out. */
import type { EventRow } from "./eventRow";
import { wordsOfGrade } from "./eventRowKinds";
import { formatCost, formatDuration, formatTime, formatTokens } from "./formatting";

/** "2026-02-03 14:05:06 · step 3 · finishToolCall · exec failed: … · failed, recovered · 1.2 s" */
export function formatEventRow(row: EventRow): string {
  return [
    formatTime(row.time),
    row.run?.expertKey,
    row.step > 0 ? `step ${row.step}` : "",
    row.type,
    row.text,
    row.grade && wordsOfGrade(row.grade),
    formatDuration(row.durationMs),
    row.tokens === undefined ? "" : `${formatTokens(row.tokens)} tokens`,
    formatCost(row.cost),
  ]
    .filter(Boolean)
    .join(" · ");
}
