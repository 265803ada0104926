/** The whole run as a readable log: a header, then every event in order, grouped by step, each line knowing its event. */

import { addUsage, noUsage } from "./addUsage";
import type { RunEvent } from "./events";
import type { FailureGrade } from "./failure";
import { gradeOfStep } from "./failures";
import { formatCost, formatDuration, formatTokens } from "./formatting";
import type { LogLine } from "./logLine";
import { logLine, runDetail } from "./logLine";
import { plainLines } from "./plainText";
import type { Run, Step } from "./run";
import { formatRunHeader } from "./runLogHeader";
import type { Segment } from "./runLogItems";
import { formatItem } from "./runLogItems";
import { gradeSign } from "./statusText";

export type { LogLine } from "./logLine";

export function formatRunLog(run: Run, events: readonly RunEvent[]): LogLine[] {
  return [...formatRunHeader(run, events[0]?.seq), ...formatRunEvents(run, events), ...formatResult(run, events)];
}

/** The steps alone, of all the run's events or of some; a start whose end is left out shows as not finished. */
export function formatRunEvents(run: Run, events: readonly RunEvent[]): LogLine[] {
  const lines: LogLine[] = [];
  const grades = new Map(run.failures.map(({ seq, grade }) => [seq, grade]));
  const steps = new Map(run.steps.map((step) => [step.step, step]));
  const seen = new Set<number>();
  for (const segment of segmentsOf(run, events)) {
    const items = segment.events.flatMap((event, index) => formatItem(event, index, segment, grades));
    if (items.length === 0 && segment.step === 0) continue;
    lines.push(logLine(0, "", segment), formatStepLine(run, steps.get(segment.step), segment, seen), ...items);
    seen.add(segment.step);
  }
  return lines;
}

function segmentsOf(run: Run, events: readonly RunEvent[]): Segment[] {
  const segments: Segment[] = [];
  for (const event of events) {
    const last = segments.at(-1);
    if (last?.step === event.step) last.events.push(event);
    else segments.push({ step: event.step, events: [event], goesOn: false });
  }
  const last = segments.at(-1);
  if (last) last.goesOn = run.status === "running";
  return segments;
}

function formatStepLine(run: Run, step: Step | undefined, segment: Segment, seen: ReadonlySet<number>): LogLine {
  const target = { step: segment.step, seq: segment.events[0]?.seq };
  if (!step) return logLine(1, seen.size === 0 ? "Before the first step" : "Between the steps", target);
  const name = seen.has(segment.step) ? `Step ${segment.step}, continued` : `Step ${segment.step}`;
  const grade = gradeOfStep(run, step);
  const parts = [name, stepWords(run, step, grade), durationOf(run, step), ...spentOn(step)];
  return logLine(1, parts.filter(Boolean).join(" · "), { ...target, grade });
}

function stepWords(run: Run, step: Step, grade: FailureGrade | undefined): string {
  if (grade === "fatal") return `${gradeSign(grade)} failed`;
  if (grade === "blocked") return `${gradeSign(grade)} blocked`;
  if (step.finishedAt === undefined && run.status === "running") return "running";
  if (grade === "recovered") return `${gradeSign(grade)} recovered`;
  const isLast = step === run.steps.at(-1);
  if (step.finishedAt !== undefined || (isLast && run.status === "finished")) return "done";
  return isLast && run.stopReason === "cancelled" ? "cancelled" : "not finished";
}

function durationOf(run: Run, step: Step): string {
  const end = step.finishedAt ?? (step === run.steps.at(-1) ? run.finishedAt : undefined);
  return end === undefined ? "" : formatDuration(end - step.startedAt);
}

function spentOn(step: Step): string[] {
  const generations = step.items.filter((item) => item.kind === "generation");
  const usage = step.usage ?? generations.reduce((sum, generation) => addUsage(sum, generation.usage), noUsage);
  const costs = generations.map(({ cost }) => cost).filter((cost) => cost !== undefined);
  return [
    usage.totalTokens > 0 ? `${formatTokens(usage.totalTokens)} tokens` : "",
    costs.length > 0 ? formatCost(costs.reduce((sum, cost) => sum + cost, 0)) : "",
  ];
}

/** What the run was for: its answer, at the end. */
function formatResult(run: Run, events: readonly RunEvent[]): LogLine[] {
  const end = events.findLast((event) => event.type === "finishRun");
  if (!end || run.status !== "finished") return [];
  const tokens = end.totalUsage ? `${formatTokens(end.totalUsage.totalTokens)} tokens` : "";
  const totals = [formatDuration(end.durationMs), tokens];
  const text = ["Result", ...totals, formatCost(end.cost)].filter(Boolean).join(" · ");
  const answer = plainLines(end.text, { lines: 1000, width: 2000 });
  const target = { step: end.step, seq: end.seq };
  return [
    logLine(0, "", { step: end.step }),
    logLine(0, text, target),
    ...answer.map((line) => runDetail(line, target)),
  ];
}
