/** The rows of the Runs view: job, run, step, item, checkpoint and problem in words, icons and menu tokens. */
import type { RunProblem, RunSummary } from "../../app/runIndex";
import { describeHappening } from "../../model/eventText";
import { gradeOfStep } from "../../model/failures";
import { formatCost, formatDuration, formatTime, formatTokens } from "../../model/formatting";
import { oneLine } from "../../model/plainText";
import type { Generation, NoteItem, Run, Step, StepItem, ToolCallItem } from "../../model/run";
import { runStatusWords } from "../../model/statusText";
import { describeToolCall } from "../../model/toolText";
import { joinParts, type Row, type RowStatus, statusIcon, statusOfGrade, statusWords } from "./row";
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
      return waiting.has(run.runId) ? "waiting" : "running";
    case "finished":
      return "ok";
    case "failed":
      return "fatal";
    case "stopped":
      return run.stopReason === "cancelled" ? "cancelled" : "blocked";
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
  const going = status === "running" || status === "waiting";
  return {
    label,
    description: started,
    icon: statusIcon(status),
    context: job.runs.some(({ status }) => status === "running") ? ["job"] : ["job", "settled"],
    children: going ? "expanded" : "collapsed",
    spoken: joinParts(`Job: ${label}`, statusWords(status), started),
  };
}

export function runRow(run: RunSummary, { now, waiting }: RunMoment): Row {
  const status = statusOfRun(run, waiting);
  const going = run.status === "running";
  const duration = going && !run.isHere ? "" : formatDuration((run.finishedAt ?? now) - run.startedAt);
  const tokens = tokensOf(run.usage.totalTokens);
  const words = status === "waiting" ? statusWords(status) : runStatusWords(asRunStatus(run));
  const told = status === "ok" || status === "running" ? undefined : words;
  return {
    label: run.expertKey,
    description: joinParts(told, duration, tokens, formatCost(run.cost)),
    icon: statusIcon(status),
    context: [
      "run",
      status === "waiting" ? "waiting" : "",
      going && run.isHere ? "active" : "",
      going ? "" : "ended",
      run.failure ? "hasFailure" : "",
      run.failure && (status === "fatal" || status === "blocked") ? "failed" : "",
    ].filter(Boolean),
    children: going ? "expanded" : "collapsed",
    spoken: joinParts(`Run of ${run.expertKey}`, words, duration, tokens),
  };
}

export function runTooltip(run: RunSummary): string[][] {
  return [
    ["Expert", run.expertKey],
    ["Query", oneLine(run.query, 400)],
    ["Status", runStatusWords(asRunStatus(run))],
    ["Failure", run.failure ? oneLine(run.failure.reason, 300) : ""],
    ["Model", run.model ?? ""],
    ["Started", formatTime(run.startedAt)],
    ["Steps", String(run.steps)],
    ["Tokens", `${run.usage.totalTokens} (${run.usage.inputTokens} in, ${run.usage.outputTokens} out)`],
    ["Cost", formatCost(run.cost) || "unknown"],
    ["Run", run.runId],
  ].filter(([, value]) => value !== "");
}

export function stepRow(run: Run, step: Step, { now, waiting }: RunMoment): Row {
  const going = isGoing(run, step);
  const status: RowStatus = going
    ? waiting.has(run.runId)
      ? "waiting"
      : "running"
    : run.status === "stopped" && run.stopReason === "cancelled" && step.finishedAt === undefined
      ? "cancelled"
      : statusOfGrade(gradeOfStep(run, step));
  const end = step.finishedAt ?? run.finishedAt ?? now;
  const duration = formatDuration(end - step.startedAt);
  const tokens = tokensOf(step.usage?.totalTokens ?? 0);
  const label = `Step ${step.step}`;
  const did = oneLine(toolNames(step), 60);
  return {
    label,
    description: joinParts(did, duration, tokens),
    icon: statusIcon(status),
    context: ["step", status],
    children: "collapsed",
    spoken: joinParts(label, statusWords(status), did, duration, tokens),
  };
}

export function itemRow(run: Run, step: Step, item: StepItem): Row {
  switch (item.kind) {
    case "generation":
      return generationRow(run, step, item);
    case "toolCall":
      return toolCallRow(run, step, item);
    default:
      return noteRow(item);
  }
}

export function checkpointRow(run: Run, step: Step): Row {
  const description = `state after step ${step.step}`;
  return {
    label: "Checkpoint",
    description,
    icon: { id: "history" },
    context: ["checkpoint"],
    children: "none",
    spoken: `Checkpoint, ${description} of ${run.expertKey}`,
  };
}

export function problemRow(problem: RunProblem): Row {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const reason = oneLine(problem.reason);
  return {
    label: reason,
    description: place,
    icon: { id: "warning", color: "list.warningForeground" },
    context: ["problem"],
    children: "none",
    spoken: `Cannot be read: ${reason}, ${place}`,
  };
}

function generationRow(run: Run, step: Step, item: Generation): Row {
  const going = item.finishedAt === undefined && isGoing(run, step);
  const status: RowStatus = going ? "running" : generationStatus(run, step, item);
  const said = item.error ? oneLine(item.error.message) : oneLine(item.text ?? "", 120);
  const asked = item.toolCalls.map(({ tool }) => tool).join(", ");
  const tokens = tokensOf(item.usage?.totalTokens ?? 0);
  const duration = item.finishedAt === undefined ? "" : formatDuration(item.finishedAt - item.startedAt);
  const label = item.attempt > 1 ? `Generation, attempt ${item.attempt}` : "Generation";
  return {
    label,
    description: joinParts(said || (asked && `asks for ${asked}`), duration, tokens),
    icon: status === "ok" ? { id: "sparkle", color: "charts.purple" } : statusIcon(status),
    context: ["item", "generation"],
    children: "none",
    spoken: joinParts(label, statusWords(status), said, asked && `asks for ${asked}`, duration, tokens),
  };
}

function generationStatus(run: Run, step: Step, item: Generation): RowStatus {
  if (item.error?.class === "cancelled") return "cancelled";
  const isLast = item === step.items.findLast(({ kind }) => kind === "generation");
  if (item.error) return isLast && gradeOfStep(run, step) === "fatal" ? "fatal" : "recovered";
  return item.finishedAt === undefined ? "cancelled" : "ok";
}

function toolCallRow(run: Run, step: Step, item: ToolCallItem): Row {
  const going = item.finishedAt === undefined && isGoing(run, step);
  const failure = run.failures.find(({ toolCallId, step: at }) => toolCallId === item.toolCallId && at === step.step);
  const status: RowStatus = going ? "running" : toolCallStatus(item, failure?.grade);
  const about = describeToolCall("", item.args, 100).trim();
  const duration = item.finishedAt === undefined ? "" : formatDuration(item.finishedAt - item.startedAt);
  const failed = item.isError ? "failed" : undefined;
  return {
    label: item.tool,
    description: joinParts(about, failed, duration),
    icon: statusIcon(status),
    context: ["item", "toolCall", status],
    children: "none",
    spoken: joinParts(`Tool call ${item.tool}`, statusWords(status), about, duration),
  };
}

function toolCallStatus(item: ToolCallItem, grade: "fatal" | "blocked" | "recovered" | undefined): RowStatus {
  if (item.isError) return item.errorClass === "cancelled" ? "cancelled" : statusOfGrade(grade ?? "recovered");
  return item.finishedAt === undefined ? "cancelled" : "ok";
}

function noteRow(item: NoteItem): Row {
  const { level, text } = describeHappening(item.event);
  const icon =
    level === "error" || item.event.type === "errorRun"
      ? statusIcon("fatal")
      : level === "warn"
        ? statusIcon("recovered")
        : { id: "circle-small" };
  return {
    label: text,
    icon,
    context: ["item", "event", item.event.type],
    children: "none",
    spoken: level === "info" || level === "debug" ? text : `${level}: ${text}`,
  };
}

function isGoing(run: Run, step: Step): boolean {
  return run.status === "running" && step === run.steps.at(-1) && step.finishedAt === undefined;
}

function toolNames(step: Step): string {
  const names = step.items.flatMap((item) => (item.kind === "toolCall" ? [item.tool] : []));
  if (names.length > 0) return [...new Set(names)].join(", ");
  const last = step.items.findLast((item) => item.kind === "generation");
  return last?.kind === "generation" ? (last.text ?? last.error?.message ?? "") : "";
}

function tokensOf(count: number): string {
  return count > 0 ? `${formatTokens(count)} tokens` : "";
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
