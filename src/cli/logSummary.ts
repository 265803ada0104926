/** `runtrail log --summary --json`: the contract for scripts, and the same for a person. */
import type { LoadedRun, RunProblem } from "../app/runIndex";
import type { InputRequest, Origin } from "../model/events";
import type { ErrorClass, FailureGrade } from "../model/failure";
import { formatCount, formatTokens, isKnownTime } from "../model/formatting";
import { countSteps } from "../model/nodeItems";
import { oneLine } from "../model/plainText";
import type { RunStatus } from "../model/run";
import { describeOrigin, gradeSign, runStatusWords } from "../model/statusText";
import type { Usage } from "../model/usage";
import { describeQuestion } from "./howToGoOn";

/** Times in Unix ms; what is not known is left out. */
export interface LogSummary {
  /** Whose files they are: the name of a format, "runtrail" for ours; several are joined: "runtrail+perstack". */
  source: string;
  /** Newest first; what began at the same time by id. */
  runs: RunReport[];
  problems: RunProblem[];
}

export interface RunReport {
  id: string;
  parentRunId?: string;
  title: string;
  status: RunStatus;
  stopReason?: string;
  /** Where it came from, when not from nothing. */
  origin?: Origin;
  /** What it stopped for, where it waits for a person's answers. */
  waitsFor?: readonly InputRequest[];
  steps: number;
  toolCalls: number;
  failures: { step: number; grade: FailureGrade; class: ErrorClass; reason: string }[];
  usage?: Pick<Usage, "inputTokens" | "outputTokens" | "totalTokens">;
  startedAt?: number;
  finishedAt?: number;
}

/** @param status as the index has it: it knows whether the process that wrote a run still lives. */
export function reportRun({ run }: Pick<LoadedRun, "run">, status: RunStatus): RunReport {
  const items = run.steps.flatMap((step) => step.items);
  const hasUsage = (run.usage?.totalTokens ?? 0) > 0 || items.some((item) => item.kind === "generation" && item.usage);
  return {
    id: run.runId,
    ...(run.parent && { parentRunId: run.parent.runId }),
    title: [oneLine(run.expertKey, 200), oneLine(run.query, 120)].filter(Boolean).join(": "),
    status,
    ...(run.stopReason && { stopReason: run.stopReason }),
    ...(run.origin && { origin: run.origin }),
    ...(run.stopReason === "input" && { waitsFor: run.inputRequests }),
    steps: countSteps(run),
    toolCalls: items.filter(({ kind }) => kind === "toolCall").length,
    failures: run.failures.map(({ step, grade, class: errorClass, reason }) => ({
      step,
      grade,
      class: errorClass,
      reason,
    })),
    ...(hasUsage && run.usage && { usage: sumsOf(run.usage) }),
    ...(isKnownTime(run.startedAt) && { startedAt: run.startedAt }),
    ...(isKnownTime(run.finishedAt) && { finishedAt: run.finishedAt }),
  };
}

/** What is printed for programs: nothing beyond the contract. */
export function contractOf({ source, runs, problems }: LogSummary): LogSummary {
  const bare = problems.map(({ file, line, reason }) => ({ file, ...(line !== undefined && { line }), reason }));
  return { source, runs, problems: bare };
}

function sumsOf({ inputTokens, outputTokens, totalTokens }: Usage): NonNullable<RunReport["usage"]> {
  return { inputTokens, outputTokens, totalTokens };
}

export function formatSummary({ runs, problems }: LogSummary): string[] {
  return [
    ...runs.flatMap((run) => [
      [
        oneLine(run.title, 100),
        runStatusWords({ status: run.status, ...stopReasonOf(run) }),
        formatCount(run.steps, "step"),
        formatCount(run.toolCalls, "tool call"),
        run.usage ? `${formatTokens(run.usage.totalTokens)} tokens` : "tokens unknown",
        `run ${oneLine(run.id, 130)}`,
      ].join(" · "),
      ...(run.parentRunId === undefined ? [] : [`  delegated by run ${oneLine(run.parentRunId, 130)}`]),
      ...(run.origin ? [`  ${oneLine(describeOrigin(run.origin), 400)}`] : []),
      ...(run.waitsFor ?? []).flatMap((request) => describeQuestion(request).map((line) => `  ${line}`)),
      ...run.failures.map(
        ({ step, grade, class: errorClass, reason }) =>
          `  ${gradeSign(grade)} ${grade} at step ${step} (${errorClass}): ${oneLine(reason, 200)}`,
      ),
    ]),
    ...problems.map(formatProblem),
  ];
}

export function formatProblem({ file, line, column, reason }: RunProblem): string {
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(":");
  return `${oneLine(place, 1000)}: ${oneLine(reason, 300)}`;
}

function stopReasonOf({ stopReason }: RunReport): { stopReason?: "maxSteps" | "input" | "cancelled" | "budget" } {
  switch (stopReason) {
    case "maxSteps":
    case "input":
    case "cancelled":
    case "budget":
      return { stopReason };
    default:
      return {};
  }
}
