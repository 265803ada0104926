/** The rows of jobs and runs in the Runs view: words, icons and menu tokens. */
import type { RunSummary } from "../../app/runIndex";
import { hasFailedPart } from "../../model/failures";
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
      return hasFailedPart(run.status, run.failure) ? "partial" : "ok";
    case "failed":
      return "fatal";
    case "stopped":
      return isAsking(run) ? "input" : run.stopReason === "cancelled" ? "cancelled" : "blocked";
    default:
      return "unknown";
  }
}

/** @param isOpened whether the user opened it, and may take it off the list */
export function jobRow(job: Job, { now, waiting }: RunMoment, isOpened = false): Row {
  const tops = topRuns(job);
  const newest = tops[0] ?? job.runs[0];
  const oldest = tops.at(-1) ?? newest;
  const status = newest ? statusOfRun(newest, waiting) : "unknown";
  const nameless = oldest?.source === undefined ? "(empty query)" : oneLine(oldest.expertKey, 60);
  const label = oneLine(oldest?.query ?? "", 100) || nameless;
  const started = oldest ? formatMoment(oldest.startedAt, now) : "";
  // The rows of a job's only run say it.
  const total = tops.length > 1 ? sumOf(tops, job.runs) : undefined;
  const spent = total && joinParts(tokensOf(total.usage.totalTokens), formatCost(total.cost));
  const from = oldest?.origin && originOf(oldest.origin);
  const going = job.runs.some((run) => run.status === "running");
  const system = newest?.sourceLabel;
  const isDeletable = !going && newest?.root === undefined;
  const waits = status === "input" && newest?.root === undefined;
  return {
    label,
    description: joinParts(system, started, spent, from),
    icon: statusIcon(status),
    context: [
      "job",
      ...(isDeletable ? ["settled"] : []),
      ...(isOpened ? ["opened"] : []),
      ...(job.runs.some((run) => run.failure !== undefined) ? ["someFailed"] : []),
    ],
    children: going || waits ? "expanded" : "collapsed",
    spoken: joinParts(`Job: ${label}`, statusWords(status), system, started, spent, from),
  };
}

/** @param totals its own and its delegates', as they are by now */
export function runRow(run: RunSummary, { now, waiting }: RunMoment, totals: RunTotals = run): Row {
  const status = statusOfRun(run, waiting);
  const going = run.status === "running";
  // Of a run that has not ended and is not ours, nobody knows for how long it has been at work.
  const isUntimed = (run.finishedAt === undefined && !run.isHere) || status === "queued";
  const duration = isUntimed ? "" : knownDuration((run.finishedAt ?? now) - run.startedAt);
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
    spoken: joinParts(`Run of ${run.expertKey}`, words, duration, tokens, from, run.sourceLabel),
  };
}

/** Nothing where it is not known: what begins and ends at the same moment has no time of its own. */
export function knownDuration(ms: number | undefined): string {
  return ms === undefined || ms <= 0 ? "" : formatDuration(ms);
}

/** A delegate is gone on with by its coordinator; what was only opened to be looked at, not at all. */
function contextOf(run: RunSummary, status: RowStatus): string[] {
  const isLookedAt = run.root !== undefined;
  const hasEnded = run.status !== "running" && !isLookedAt;
  const isTop = run.parentRunId === undefined;
  const canGoOn = hasEnded && isTop;
  const isBroken = status === "fatal" || status === "blocked" || status === "partial";
  const tokens: [token: string, holds: boolean][] = [
    ["waiting", status === "waiting"],
    ["input", status === "input" && !isLookedAt],
    ["queued", status === "queued"],
    ["active", run.status === "running" && run.isHere],
    ["ended", hasEnded],
    ["hasFailure", run.failure !== undefined],
    ["failed", run.failure !== undefined && isBroken],
    ["continuable", canGoOn && status !== "input"],
    ["resumable", canGoOn && (isBroken || status === "cancelled" || status === "unknown")],
    ["retryable", canGoOn && run.failure !== undefined && status !== "input"],
    ["forkable", run.steps > 0 && !isLookedAt],
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
    ["Recorded by", run.sourceLabel ?? run.source ?? ""],
    ["In", (run.groups ?? []).map(({ label }) => label).join(" › ")],
    ["Place", run.root === undefined ? "" : run.dir],
    ["Model", run.model ?? ""],
    ["Started", run.isQueued || run.startedAt <= 0 ? "" : formatTime(run.startedAt)],
    ["Steps", String(run.steps)],
    ["Tokens", usage ? `${usage.totalTokens} (${usage.inputTokens} in, ${usage.outputTokens} out)` : "unknown"],
    ["Cost", formatCost(cost) || "unknown"],
    ["Run", run.runId],
  ].filter(([, value]) => value !== "");
}

function inWords(run: RunSummary, status: RowStatus): string {
  if (status === "partial") return "finished, though a part failed";
  const isOwn = status === "waiting" || status === "queued" || status === "input";
  return isOwn ? statusWords(status) : runStatusWords(asRunStatus(run));
}

function originOf(origin: NonNullable<RunSummary["origin"]>): string {
  // Ids that begin with a date are told apart by what comes after it.
  const length = /^(?:run_)?\d{8}-/u.test(origin.runId) ? 40 : 8;
  return `${originWords(origin)} ${oneLine(origin.runId, 100).slice(0, length)}`;
}

function asRunStatus(run: RunSummary): Parameters<typeof runStatusWords>[0] {
  const reasons = ["maxSteps", "input", "cancelled", "budget"] as const;
  const stopReason = reasons.find((reason) => reason === run.stopReason);
  return { status: run.status, ...(stopReason && { stopReason }) };
}

/** The time of day for today, else the date as well. */
export function formatMoment(unixMs: number, now: number): string {
  if (unixMs <= 0) return "";
  const full = formatTime(unixMs);
  const isToday = full.slice(0, 10) === formatTime(now).slice(0, 10);
  return isToday ? full.slice(11, 16) : full.slice(0, 16);
}
