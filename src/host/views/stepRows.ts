/** The rows below a run: step, generation, tool call, other events, checkpoint and problem. */
import type { RunProblem } from "../../app/runIndex";
import { describeHappening } from "../../model/eventText";
import { gradeOfStep } from "../../model/failures";
import { formatCount, formatDuration } from "../../model/formatting";
import { isUntouched } from "../../model/nodeItems";
import { oneLine } from "../../model/plainText";
import type { Generation, NoteItem, Run, Step, StepItem, ToolCallItem } from "../../model/run";
import { isLastStep } from "../../model/stepAt";
import { describeToolCall } from "../../model/toolText";
import { cachedIcon, cachedWords, nodeRow, nodeWords, phaseOf, statusOfNodes, usageOfNodes } from "./nodeRows";
import { joinParts, type Row, type RowStatus, statusIcon, statusOfGrade, statusWords, tokensOf } from "./row";
import { knownDuration, type RunMoment } from "./runRows";

/** @param isLookedAt whether it is there to be looked at only */
export function stepRow(run: Run, step: Step, { now, waiting }: RunMoment, isLookedAt = false): Row {
  if (step.step === 0) return preparationRow(run);
  const going = isGoing(run, step);
  const status: RowStatus = going
    ? waiting.has(run.runId)
      ? "waiting"
      : "running"
    : (brokenOff(run, step) ?? statusOfNodes(run, step) ?? statusOfGrade(gradeOfStep(run, step)));
  const end = step.finishedAt ?? run.finishedAt ?? (run.status === "running" ? now : undefined);
  const cached = cachedWords(step);
  // What was skipped or taken from a cache took no time of its own.
  const isDone = !isUntouched(step) && cached === undefined;
  const duration = isDone && end !== undefined ? knownDuration(end - step.startedAt) : "";
  const tokens = tokensOf(step.usage?.totalTokens ?? usageOfNodes(step));
  const label = step.node === undefined ? `Step ${step.step}` : oneLine(step.node, 100);
  const did = oneLine(toolNames(step), 60) || nodeWords(step);
  const phase = phaseOf(step);
  const isKept = isLookedAt || !isRetryable(run, step);
  return {
    label,
    description: joinParts(phase, cached ?? did, duration, tokens),
    icon: cached === undefined ? statusIcon(status) : cachedIcon,
    context: ["step", status, ...(isKept ? [] : ["retryable"])],
    children: "collapsed",
    spoken: joinParts(
      step.node === undefined ? label : `Step ${step.step}: ${label}`,
      statusWords(status),
      phase,
      cached ?? did,
      duration,
      tokens,
    ),
  };
}

function brokenOff(run: Run, step: Step): RowStatus | undefined {
  if (run.status !== "stopped" || step.finishedAt !== undefined) return undefined;
  return run.stopReason === "cancelled" || run.stopReason === "input" ? run.stopReason : undefined;
}

/** What happened before the first step: for most runs, that their skills were connected. */
function preparationRow({ preparation }: Run): Row {
  const events = preparation.map(({ event }) => event);
  const connected = events.filter(({ type }) => type === "connectSkill").length;
  const isOfSkills = events.some(({ type }) => type === "connectSkill" || type === "logSkill");
  const label = isOfSkills ? "Skills" : "Before the first step";
  const description = connected > 0 ? `${connected} connected` : formatCount(events.length, "event");
  return {
    label,
    description,
    icon: { id: isOfSkills ? "plug" : "circle-small" },
    context: ["preparation"],
    children: "collapsed",
    spoken: joinParts(label, description),
  };
}

/** What failed in it can be made again: its calls where the run went on, the whole end where it did not. */
function isRetryable(run: Run, step: Step): boolean {
  if (run.status === "running" || run.parent || run.stopReason === "input") return false;
  const isLast = isLastStep(run, step);
  const failures = run.failures.filter((failure) => failure.step === step.step);
  return failures.some(({ toolCallId }) => toolCallId !== undefined) || (isLast && run.status === "failed");
}

/** @param hasDelegate whether the run of a delegate hangs under the call */
export function itemRow(run: Run, step: Step, item: StepItem, hasDelegate = false): Row {
  switch (item.kind) {
    case "generation":
      return generationRow(run, step, item);
    case "toolCall":
      return toolCallRow(run, step, item, hasDelegate);
    case "node":
      return nodeRow(item, run.status === "running");
    default:
      return noteRow(item);
  }
}

/** @param isLookedAt whether it is there to be looked at only */
export function checkpointRow(run: Run, step: Step, isLookedAt = false): Row {
  const description = `state after step ${step.step}`;
  return {
    label: "Checkpoint",
    description,
    icon: { id: "history" },
    context: ["checkpoint", ...(isLookedAt ? [] : [run.parent ? "delegated" : "own"])],
    children: "none",
    spoken: `Checkpoint, ${description} of ${run.expertKey}`,
  };
}

export function problemRow(problem: RunProblem): Row {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
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
  const tokens = tokensOf(item.usage?.totalTokens);
  const duration = formatDuration(item.durationMs);
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

function toolCallRow(run: Run, step: Step, item: ToolCallItem, hasDelegate: boolean): Row {
  const going = item.finishedAt === undefined && isGoing(run, step);
  const failure = run.failures.find(({ toolCallId, step: at }) => toolCallId === item.toolCallId && at === step.step);
  const status: RowStatus = going ? "running" : toolCallStatus(item, failure?.grade);
  const about = describeToolCall("", item.args, 100).trim();
  const duration = formatDuration(item.durationMs);
  const failed = item.isError ? "failed" : undefined;
  return {
    label: item.tool,
    description: joinParts(about, failed, duration),
    icon: statusIcon(status),
    context: ["item", "toolCall", status],
    children: hasDelegate ? (going ? "expanded" : "collapsed") : "none",
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
        : { id: noteIcons[item.event.type] ?? "circle-small" };
  return {
    label: text,
    icon,
    context: ["item", "event", item.event.type],
    children: "none",
    spoken: level === "info" || level === "debug" ? text : `${level}: ${text}`,
  };
}

const noteIcons: Partial<Record<NoteItem["event"]["type"], string>> = {
  connectSkill: "plug",
  requestInput: "comment-unresolved",
  receiveInput: "comment",
  resumeRun: "debug-continue",
};

function isGoing(run: Run, step: Step): boolean {
  return run.status === "running" && isLastStep(run, step) && step.finishedAt === undefined;
}

function toolNames(step: Step): string {
  const names = step.items.flatMap((item) => (item.kind === "toolCall" ? [item.tool] : []));
  if (names.length > 0) return [...new Set(names)].join(", ");
  const asked = step.items.findLast((item) => item.kind === "note" && item.event.type === "requestInput");
  if (asked?.kind === "note") return describeHappening(asked.event).text;
  const last = step.items.findLast((item) => item.kind === "generation");
  return last?.kind === "generation" ? (last.text ?? last.error?.message ?? "") : "";
}
