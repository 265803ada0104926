/** The rows of jobs and runs in the Runs view: words, icons and menu tokens. */
import type { RunSummary } from "../../app/runIndex";
import { formatCost, formatDuration, formatTime } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import { questionOf } from "../../model/question";
import { describeOrigin, originWords, runStatusWords } from "../../model/statusText";
import { isAsking } from "../openQuestions";
import { joinParts, type Row, type RowStatus, statusIcon, statusWords, tokensOf } from "./row";
import { type RunTotals, sumOf } from "./runTotals";
import { type Job, topRuns } from "./runTree";

export interface RunMoment {
  /** Unix ms. */
  now: number;
  /** Ids of the runs that wait for an approval. */
  waiting: ReadonlySet<string>;
}

export function statusOfRun(run: RunSummary, waiting: ReadonlySet<string>): RowStatus {
  switch (run.status) {
    case "running":
      return run.isQueued ? "queued" : waiting.has(run.runId) ? "waiting" : "running";
    case "finished":
      return "ok";
    case "failed":
      return "fatal";
    case "stopped":
      return isAsking(run) ? "input" : run.stopReason === "cancelled" ? "cancelled" : "blocked";
    default:
      return "unknown";
  }
}

export function jobRow(job: Job, { now, waiting }: RunMoment): Row {
  const tops = topRuns(job);
  const newest = tops[0] ?? job.runs[0];
  const oldest = tops.at(-1) ?? newest;
  const status = newest ? statusOfRun(newest, waiting) : "unknown";
  const label = oneLine(oldest?.query ?? "", 100) || "(empty query)";
  const started = oldest ? formatMoment(oldest.startedAt, now) : "";
  // The rows of a job's only run say it.
  const total = tops.length > 1 ? sumOf(tops, job.runs) : undefined;
  const spent = total && joinParts(tokensOf(total.usage.totalTokens), formatCost(total.cost));
  const from = oldest?.origin && originOf(oldest.origin);
  const going = job.runs.some((run) => run.status === "running");
  return {
    label,
    description: joinParts(started, spent, from),
    icon: statusIcon(status),
    context: going ? ["job"] : ["job", "settled"],
    children: going || status === "input" ? "expanded" : "collapsed",
    spoken: joinParts(`Job: ${label}`, statusWords(status), started, spent, from),
  };
}

/** @param totals its own and its delegates', as they are by now */
export function runRow(run: RunSummary, { now, waiting }: RunMoment, totals: RunTotals = run): Row {
  const status = statusOfRun(run, waiting);
  const going = run.status === "running";
  const isUntimed = (going && !run.isHere) || status === "queued";
  const duration = isUntimed ? "" : formatDuration((run.finishedAt ?? now) - run.startedAt);
  const tokens = tokensOf(totals.usage?.totalTokens);
  const words = inWords(run, status);
  const told = status === "ok" || status === "running" ? undefined : words;
  const from = run.origin && originOf(run.origin);
  return {
    label: run.expertKey,
    description: joinParts(told, duration, tokens, formatCost(totals.cost), from),
    icon: statusIcon(status),
    context: contextOf(run, status),
    children: status === "queued" && run.steps === 0 ? "none" : going ? "expanded" : "collapsed",
    spoken: joinParts(`Run of ${run.expertKey}`, words, duration, tokens, from),
  };
}

/** A job and its runs show one below the other what both of them know; a delegate is gone on with by its coordinator. */
function contextOf(run: RunSummary, status: RowStatus): string[] {
  const hasEnded = run.status !== "running";
  const isTop = run.parentRunId === undefined;
  const canGoOn = hasEnded && isTop;
  const isBroken = status === "fatal" || status === "blocked";
  const tokens: [token: string, holds: boolean][] = [
    ["waiting", status === "waiting"],
    ["input", status === "input"],
    ["queued", status === "queued"],
    ["active", !hasEnded && run.isHere],
    ["ended", hasEnded],
    ["hasFailure", run.failure !== undefined],
    ["failed", run.failure !== undefined && isBroken],
    ["continuable", canGoOn && status !== "input"],
    ["resumable", canGoOn && (isBroken || status === "cancelled" || status === "unknown")],
    ["retryable", canGoOn && run.failure !== undefined && status !== "input"],
    ["forkable", run.steps > 0],
    ["hasOrigin", run.origin !== undefined],
  ];
  return ["run", ...tokens.flatMap(([token, holds]) => (holds ? [token] : []))];
}

/** @param totals as the row shows them */
export function runTooltip(run: RunSummary, totals: RunTotals = run): string[][] {
  const { usage, cost } = totals;
  const asked = isAsking(run) ? (run.inputRequests ?? []).map((request) => questionOf(request).text) : [];
  return [
    ["Expert", run.expertKey],
    ["Query", oneLine(run.query, 400)],
    ["Status", run.isQueued ? statusWords("queued") : runStatusWords(asRunStatus(run))],
    ["Asks", oneLine(asked.join(" · "), 400)],
    ["Failure", run.failure ? oneLine(run.failure.reason, 300) : ""],
    ["Came from", run.origin ? describeOrigin(run.origin) : ""],
    ["Recorded by", run.source ?? ""],
    ["Model", run.model ?? ""],
    ["Started", run.isQueued ? "" : formatTime(run.startedAt)],
    ["Steps", String(run.steps)],
    ["Tokens", usage ? `${usage.totalTokens} (${usage.inputTokens} in, ${usage.outputTokens} out)` : "unknown"],
    ["Cost", formatCost(cost) || "unknown"],
    ["Run", run.runId],
  ].filter(([, value]) => value !== "");
}

function inWords(run: RunSummary, status: RowStatus): string {
  const isOwn = status === "waiting" || status === "queued" || status === "input";
  return isOwn ? statusWords(status) : runStatusWords(asRunStatus(run));
}

function originOf(origin: NonNullable<RunSummary["origin"]>): string {
  return `${originWords(origin)} ${origin.runId.slice(0, 8)}`;
}

function asRunStatus(run: RunSummary): Parameters<typeof runStatusWords>[0] {
  const reasons = ["maxSteps", "input", "cancelled", "budget"] as const;
  const stopReason = reasons.find((reason) => reason === run.stopReason);
  return { status: run.status, ...(stopReason && { stopReason }) };
}

/** The time of day for today, else the date as well. */
function formatMoment(unixMs: number, now: number): string {
  const full = formatTime(unixMs);
  const isToday = full.slice(0, 10) === formatTime(now).slice(0, 10);
  return isToday ? full.slice(11, 16) : full.slice(0, 16);
}
