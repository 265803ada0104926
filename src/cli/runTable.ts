/** Runs as a table for a terminal, newest first and delegates under their callers, ids cut to what tells them apart. */
import type { RunSummary } from "../app/runIndex";
import { formatCost, formatDuration, formatTime, formatTokens, isKnownTime } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { describeOrigin, gradeSign, stopWords } from "../model/statusText";
import { alignColumns } from "./alignColumns";
import type { Colours } from "./colours";
import type { NestedRun } from "./nestRuns";

const head = ["STATUS", "STARTED", "TOOK", "STEPS", "TOKENS", "COST"];
const names = ["JOB", "RUN", "EXPERT", "QUERY"];
const shortestId = 8;

/** @param all the runs there are, among which a shortened id must stay unique. */
export function formatRunTable(runs: readonly NestedRun[], all: readonly RunSummary[], colours: Colours): string[] {
  const jobLength = idLength(all.map(({ jobId }) => jobId));
  const runLength = idLength(all.map(({ runId }) => runId));
  // Whose run it is goes without saying where all are ours.
  const isMixed = runs.some(({ run }) => run.source !== undefined);
  const rows = runs.map(({ run, depth }) => [
    statusOf(run),
    formatTime(run.startedAt),
    isKnownTime(run.startedAt) && isKnownTime(run.finishedAt) ? formatDuration(run.finishedAt - run.startedAt) : "",
    String(run.steps),
    run.usage ? formatTokens(run.usage.totalTokens) : "",
    formatCost(run.cost),
    ...(isMixed ? [run.source ?? "runtrail"] : []),
    oneLine(run.jobId.slice(0, jobLength), 130),
    oneLine(run.runId.slice(0, runLength), 130),
    `${run.parentRunId === undefined ? "" : `${"  ".repeat(Math.max(0, depth - 1))}└ `}${oneLine(run.expertKey, 30)}`,
    `${originOf(run, runLength)}${oneLine(run.query, 60)}`,
  ]);
  const [title = "", ...lines] = alignColumns([[...head, ...(isMixed ? ["SYSTEM"] : []), ...names], ...rows]);
  return [colours.bold(title), ...lines.map((line, index) => colourOf(runs[index]?.run, colours)(line))];
}

/** "[fork of run 1a2b3c4d] " */
function originOf({ origin }: RunSummary, runLength: number): string {
  if (!origin) return "";
  const { kind, jobId, runId } = origin;
  return `[${oneLine(describeOrigin({ kind, jobId, runId: runId.slice(0, runLength) }), 60)}] `;
}

function statusOf({ status, stopReason, failure, isQueued, source }: RunSummary): string {
  if (status === "finished") return `✓ finished${failure ? ` ${gradeSign(failure.grade)}` : ""}`;
  if (status === "failed") return "✗ failed";
  if (status === "running") return isQueued ? "… queued" : "… running";
  // Of another system nobody knows whether it still goes on.
  if (status === "unknown") return source === undefined ? "? interrupted" : "? no end yet";
  switch (stopReason) {
    case "maxSteps":
    case "input":
    case "cancelled":
    case "budget":
      return `! ${stopWords(stopReason)}`;
    default:
      return "! stopped";
  }
}

function colourOf(run: RunSummary | undefined, colours: Colours): (text: string) => string {
  if (run?.status === "failed") return colours.red;
  return run?.status === "stopped" || run?.status === "unknown" ? colours.yellow : (text) => text;
}

/** The fewest characters, from eight on, in which no two ids begin alike. */
function idLength(ids: readonly string[]): number {
  const different = new Set(ids);
  const longest = Math.max(shortestId, ...[...different].map(({ length }) => length));
  for (let length = shortestId; length < longest; length += 1) {
    if (new Set([...different].map((id) => id.slice(0, length))).size === different.size) return length;
  }
  return longest;
}
