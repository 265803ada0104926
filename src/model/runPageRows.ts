/** What a page shows of a run: its steps, and in them the tool calls, the iterations of a node and the generations. */
import { addUsage, noUsage } from "./addUsage";
import type { Failure } from "./failure";
import { gradeOfStep } from "./failures";
import { isKnownTime } from "./formatting";
import { oneLine } from "./plainText";
import { nodeStatus, type RowStatus, statusOfNodes, stepStatus, toolStatus } from "./rowStatus";
import type { NodeItem, Run, Step, ToolCallItem } from "./run";
import { isLastStep } from "./stepAt";
import { describeToolCall } from "./toolText";

export interface PageRow {
  /** Unique in the page, to be linked to. */
  id: string;
  step: number;
  /** 1: a part of the row before it. */
  depth: 0 | 1;
  label: string;
  /** What else there is to say in a few words. */
  about: string;
  status: RowStatus;
  /** Unix ms; absent where it is unknown. */
  startedAt?: number;
  finishedAt?: number;
  durationMs?: number;
  tokens?: number;
  /** Of an earlier execution: not spent by this run. */
  isCachedUse?: boolean;
  cost?: number;
  failures: readonly Failure[];
  /** When the model was asked. */
  generations: readonly { from: number; to: number }[];
  /** The node of a workflow that it is about. */
  node?: string;
  /** The run that it called. */
  childRunId?: string;
}

/** @param prefix of the ids, such as "r0" */
export function rowsOf(run: Run, prefix: string): PageRow[] {
  const before = run.failures.filter(({ step }) => step === 0);
  const first: PageRow[] =
    before.length > 0
      ? [{ ...emptyRow(prefix, 0), label: "Before the first step", status: worstOf(before), failures: before }]
      : [];
  return [...first, ...run.steps.flatMap((step) => [stepRow(run, step, prefix), ...partsOf(run, step, prefix)])];
}

/** The rows of steps alone. */
export function stepRowsOf(rows: readonly PageRow[]): PageRow[] {
  return rows.filter(({ depth }) => depth === 0);
}

function stepRow(run: Run, step: Step, prefix: string): PageRow {
  const nodes = step.items.filter((item) => item.kind === "node");
  const generations = step.items.filter((item) => item.kind === "generation");
  const calls = step.items.filter((item) => item.kind === "toolCall");
  const failures = run.failures.filter((failure) => failure.step === step.step);
  const grade = gradeOfStep(run, step);
  const spent = nodes.length > 0 && generations.length === 0 ? usedByNodes(nodes) : usedByStep(step);
  const costs = [...generations, ...nodes.filter(({ isCached }) => !isCached)].flatMap(({ cost }) => cost ?? []);
  return {
    ...emptyRow(prefix, step.step),
    label: step.node === undefined ? `Step ${step.step}` : oneLine(step.node, 100),
    about: step.node === undefined ? toolsOf(calls) : aboutNode(nodes),
    status: grade ?? (nodes.length > 0 ? statusOfNodes(nodes, run) : stepStatus(run, step)),
    ...(nodes.length > 0 ? timeOfNodes(nodes) : timeOfStep(run, step)),
    ...spent,
    ...(costs.length > 0 && { cost: costs.reduce((sum, cost) => sum + cost, 0) }),
    failures,
    generations: generations.flatMap(({ startedAt, finishedAt, durationMs }) =>
      finishedAt === undefined || durationMs === undefined ? [] : [{ from: startedAt, to: finishedAt }],
    ),
    ...(step.node !== undefined && { node: step.node }),
  };
}

function partsOf(run: Run, step: Step, prefix: string): PageRow[] {
  const nodes = step.items.filter((item) => item.kind === "node");
  const isRepeated = nodes.length > 1;
  return step.items.flatMap((item) => {
    if (item.kind === "toolCall") return [toolRow(run, step, item, prefix)];
    return item.kind === "node" && isRepeated ? [nodeRow(run, step, item, prefix)] : [];
  });
}

function toolRow(run: Run, { step }: Step, item: ToolCallItem, prefix: string): PageRow {
  const failures = run.failures.filter(({ step: at, toolCallId }) => at === step && toolCallId === item.toolCallId);
  return {
    ...emptyRow(prefix, step, item.seq),
    label: describeToolCall(item.tool, item.args, 100),
    status: failures[0]?.grade ?? toolStatus(item, run),
    ...timesOf(item.startedAt, item.finishedAt),
    ...(item.durationMs !== undefined && { durationMs: item.durationMs }),
    failures,
    ...(item.childRunId !== undefined && { childRunId: item.childRunId }),
  };
}

function nodeRow(run: Run, { step }: Step, item: NodeItem, prefix: string): PageRow {
  const { iteration, usage, isCached, cost } = item;
  return {
    ...emptyRow(prefix, step, item.seq),
    label: iteration === undefined ? oneLine(item.node, 80) : `${oneLine(item.node, 80)} #${iteration}`,
    about: item.state === "failed" || item.state === "skipped" ? oneLine(item.reason ?? "", 200) : "",
    status: nodeStatus(item, run),
    ...timeOfNodes([item]),
    ...(usage && { tokens: usage.totalTokens, ...(isCached && { isCachedUse: true }) }),
    ...(cost !== undefined && !isCached && { cost }),
    failures: run.failures.filter(({ seq }) => seq === item.seq),
  };
}

function emptyRow(prefix: string, step: number, seq?: number): PageRow {
  return {
    ...{ id: seq === undefined ? `${prefix}-s${step}` : `${prefix}-s${step}-e${seq}`, step, label: "", about: "" },
    ...{ depth: seq === undefined ? 0 : 1, status: "done", failures: [], generations: [] },
  };
}

function worstOf(failures: readonly Failure[]): RowStatus {
  const grades = failures.map(({ grade }) => grade);
  return (["fatal", "blocked", "recovered"] as const).find((grade) => grades.includes(grade)) ?? "done";
}

/** "exec ×2, readTextFile" */
function toolsOf(calls: readonly ToolCallItem[]): string {
  const counts = new Map<string, number>();
  for (const { tool } of calls) counts.set(tool, (counts.get(tool) ?? 0) + 1);
  return oneLine([...counts].map(([tool, count]) => (count > 1 ? `${tool} ×${count}` : tool)).join(", "), 200);
}

function aboutNode(nodes: readonly NodeItem[]): string {
  const [first] = nodes;
  const failed = nodes.filter(({ state }) => state === "failed").length;
  const reason = nodes.length === 1 && first?.state === "skipped" ? oneLine(first.reason ?? "", 200) : "";
  return [
    first?.phase === undefined ? "" : `phase ${oneLine(first.phase, 60)}`,
    nodes.length > 1 ? `executed ${nodes.length} times${failed > 0 ? `, ${failed} failed` : ""}` : "",
    reason,
  ]
    .filter(Boolean)
    .join(" · ");
}

function usedByStep(step: Step): Pick<PageRow, "tokens"> {
  const told = step.items.filter((item) => item.kind === "generation" && item.usage !== undefined);
  const usage =
    step.usage ?? told.reduce((sum, item) => (item.kind === "generation" ? addUsage(sum, item.usage) : sum), noUsage);
  return step.usage || told.length > 0 ? { tokens: usage.totalTokens } : {};
}

/** What was taken from the cache counts only where nothing else was used. */
function usedByNodes(nodes: readonly NodeItem[]): Pick<PageRow, "tokens" | "isCachedUse"> {
  const told = nodes.filter(({ usage }) => usage !== undefined);
  const own = told.filter(({ isCached }) => !isCached);
  const counted = own.length > 0 ? own : told;
  if (counted.length === 0) return {};
  const tokens = counted.reduce((sum, { usage }) => sum + (usage?.totalTokens ?? 0), 0);
  return { tokens, ...(own.length === 0 && { isCachedUse: true }) };
}

function timeOfStep(run: Run, step: Step): Pick<PageRow, "startedAt" | "finishedAt" | "durationMs"> {
  const timed = step.items.filter((item) => item.kind === "generation" || item.kind === "toolCall");
  const isUntimed =
    timed.some(({ finishedAt }) => finishedAt !== undefined) &&
    timed.every(({ durationMs }) => durationMs === undefined);
  const end = step.finishedAt ?? (isLastStep(run, step) ? run.finishedAt : undefined);
  const times = timesOf(step.startedAt, end);
  const { startedAt, finishedAt } = times;
  const isKnown = !isUntimed && startedAt !== undefined && finishedAt !== undefined;
  return { ...times, ...(isKnown && { durationMs: Math.max(0, finishedAt - startedAt) }) };
}

/** From the first start to the last end; what did not start has an end alone. */
function timeOfNodes(nodes: readonly NodeItem[]): Pick<PageRow, "startedAt" | "finishedAt" | "durationMs"> {
  const starts = nodes.flatMap(({ startedAt }) => (isKnownTime(startedAt) ? startedAt : []));
  const ends = nodes.flatMap(({ finishedAt }) => (isKnownTime(finishedAt) ? finishedAt : []));
  const isOver = ends.length === nodes.length;
  const [from, to] = [leastOf(starts), isOver ? greatestOf(ends) : undefined];
  return {
    ...(from !== undefined && { startedAt: from }),
    ...(to !== undefined && { finishedAt: to }),
    ...(from !== undefined && to !== undefined && { durationMs: Math.max(0, to - from) }),
  };
}

function timesOf(start: number | undefined, end: number | undefined): Pick<PageRow, "startedAt" | "finishedAt"> {
  return {
    ...(isKnownTime(start) && { startedAt: start }),
    ...(isKnownTime(end) && { finishedAt: end }),
  };
}

/** Not `Math.min(…)`: a call takes only so many arguments. */
export function leastOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((least, value) => Math.min(least, value));
}

export function greatestOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((greatest, value) => Math.max(greatest, value));
}
