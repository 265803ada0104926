/**
 * The whole run as a readable log: a header, then every event in order, grouped by step, each line knowing its event. Nodes
 * of a workflow may run side by side: what belongs to one stands together.
 */

import { addUsage, noUsage } from "./addUsage";
import type { RunEvent } from "./events";
import type { FailureGrade } from "./failure";
import { gradeOfStep } from "./failures";
import { formatCost, formatDuration, formatTokens } from "./formatting";
import type { LogLine } from "./logLine";
import { logLine, runDetail } from "./logLine";
import { oneLine, plainLines } from "./plainText";
import { statusOfNodes, statusWords } from "./rowStatus";
import type { Generation, NodeItem, Run, Step } from "./run";
import { formatRunHeader } from "./runLogHeader";
import type { Segment } from "./runLogItems";
import { formatItem } from "./runLogItems";
import { gradeSign } from "./statusText";
import { isLastStep } from "./stepAt";

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
  const nodes = new Map<number, Segment | undefined>();
  for (const { step, node } of run.steps) if (node !== undefined) nodes.set(step, undefined);
  for (const event of events) {
    const { step } = event;
    const last = nodes.get(step) ?? segments.at(-1);
    if (last?.step === step) {
      last.events.push(event);
      continue;
    }
    const segment: Segment = { step, events: [event], goesOn: false };
    segments.push(segment);
    if (nodes.has(step)) nodes.set(step, segment);
  }
  const last = segments.at(-1);
  for (const segment of segments) {
    segment.goesOn = run.status === "running" && (segment === last || nodes.has(segment.step));
  }
  return segments;
}

function formatStepLine(run: Run, step: Step | undefined, segment: Segment, seen: ReadonlySet<number>): LogLine {
  const target = { step: segment.step, seq: segment.events[0]?.seq };
  if (!step) return logLine(1, seen.size === 0 ? "Before the first step" : "Between the steps", target);
  const name = seen.has(segment.step) ? `Step ${segment.step}, continued` : `Step ${segment.step}`;
  const grade = gradeOfStep(run, step);
  const took = isTimed(step) ? durationOf(run, step) : "";
  const parts = [name, ...namesOf(step), stepWords(run, step, grade), took, ...spentOn(step)];
  return logLine(1, parts.filter(Boolean).join(" · "), { ...target, grade });
}

/** A node that did not start, as it was skipped or taken from the cache, took no time. */
function isTimed({ items }: Step): boolean {
  const nodes = items.filter((item) => item.kind === "node");
  return nodes.length === 0 || nodes.some(({ startedAt }) => startedAt !== undefined);
}

/** The node that it is about, and the phase of that. */
function namesOf({ node, items }: Step): string[] {
  if (node === undefined) return [];
  const first = items.find((item) => item.kind === "node");
  return [oneLine(node, 80), first?.phase === undefined ? "" : `phase ${oneLine(first.phase, 60)}`];
}

function stepWords(run: Run, step: Step, grade: FailureGrade | undefined): string {
  if (grade === "fatal") return `${gradeSign(grade)} failed`;
  if (grade === "blocked") return `${gradeSign(grade)} blocked`;
  const nodes = step.items.filter((item) => item.kind === "node");
  if (grade === undefined && nodes.length > 0) return statusWords(statusOfNodes(nodes, run));
  if (step.finishedAt === undefined && run.status === "running") return "running";
  if (grade === "recovered") return `${gradeSign(grade)} recovered`;
  const isLast = isLastStep(run, step);
  if (step.finishedAt !== undefined || (isLast && run.status === "finished")) return "done";
  return isLast && run.stopReason === "cancelled" ? "cancelled" : "not finished";
}

function durationOf(run: Run, step: Step): string {
  const end = step.finishedAt ?? (isLastStep(run, step) ? run.finishedAt : undefined);
  return end === undefined ? "" : formatDuration(end - step.startedAt);
}

function spentOn(step: Step): string[] {
  const spenders = step.items.filter(
    (item): item is Generation | NodeItem => item.kind === "generation" || (item.kind === "node" && !item.isCached),
  );
  const usage = step.usage ?? spenders.reduce((sum, { usage }) => addUsage(sum, usage), noUsage);
  const costs = spenders.map(({ cost }) => cost).filter((cost) => cost !== undefined);
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
