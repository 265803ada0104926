/** The head of a run's log: who, what for, with which model, how it went and what it cost. */
import { definitionPath } from "./definitionPath";
import type { Failure } from "./failure";
import { formatCost, formatCount, formatDuration, formatTime, formatTokens, isKnownTime } from "./formatting";
import type { LogLine } from "./logLine";
import { logLine, runDetail } from "./logLine";
import { countSteps } from "./nodeItems";
import { oneLine, plainLines } from "./plainText";
import type { Run } from "./run";
import { describeError, describeOrigin, gradeSign, runStatusWords } from "./statusText";

export function formatRunHeader(run: Run, seq: number | undefined): LogLine[] {
  const [query = "", ...moreOfQuery] = plainLines(run.query, { lines: 40, width: 500 });
  const fields: { label: string; value: string | undefined; details?: LogLine[] }[] = [
    { label: "Query", value: query, details: moreOfQuery.map((line) => runDetail(line, { step: 0 })) },
    { label: "Model", value: [run.provider, run.model].filter(Boolean).join(" ") },
    { label: "Error", value: run.error && describeError(run.error) },
    { label: "Failures", value: countFailures(run.failures), details: run.failures.map(failureLine) },
    { label: "Started", value: formatTime(run.startedAt) },
    { label: "Took", value: formatExtent(run) },
    { label: "Tokens", value: formatSpent(run) },
    { label: "Definition", value: run.definition && formatPlace(run.definition) },
    { label: "Delegated by", value: run.parent && `run ${run.parent.runId}` },
    { label: "Came from", value: run.origin && describeOrigin(run.origin) },
    { label: "Job", value: run.jobId },
    { label: "Run", value: run.runId },
  ];
  const width = Math.max(...fields.map(({ label, value }) => (value ? label.length : 0)));
  return [
    logLine(0, `${oneLine(run.expertKey, 200)} · ${runStatusWords(run)}`, { step: 0, seq }),
    ...fields.flatMap(({ label, value, details = [] }) =>
      value ? [logLine(0, `${label.padEnd(width)}  ${oneLine(value, 600)}`, { step: 0 }), ...details] : [],
    ),
  ];
}

/** "✗ 1 fatal, ~ 2 recovered" */
export function countFailures(failures: readonly Failure[]): string {
  return (["fatal", "blocked", "recovered"] as const)
    .map((grade) => ({ grade, count: failures.filter((failure) => failure.grade === grade).length }))
    .filter(({ count }) => count > 0)
    .map(({ grade, count }) => `${gradeSign(grade)} ${count} ${grade}`)
    .join(", ");
}

/** No `seq`: the line to jump to is the one in the step. */
function failureLine({ grade, step, reason }: Failure): LogLine {
  const where = step > 0 ? ` at step ${step}` : "";
  return runDetail(`${gradeSign(grade)} ${grade}${where}: ${oneLine(reason, 200)}`, { step, grade });
}

function formatExtent(run: Run): string {
  const { startedAt, finishedAt } = run;
  const took = isKnownTime(startedAt) && isKnownTime(finishedAt) ? [formatDuration(finishedAt - startedAt)] : [];
  return [...took, ...countParts(run)].join(" · ");
}

/** "4 steps", "7 tool calls": a workflow does not say which tools its nodes called. */
export function countParts({ steps, omitted }: Run): string[] {
  const calls = steps.flatMap(({ items }) => items).filter(({ kind }) => kind === "toolCall").length;
  const isUnknown = omitted !== undefined || (calls === 0 && steps.some(({ node }) => node !== undefined));
  return [formatCount(countSteps({ steps, omitted }), "step"), ...(isUnknown ? [] : [formatCount(calls, "tool call")])];
}

function formatSpent({ usage, cost }: Run): string {
  if (!usage) return "unknown";
  const parts = [
    `in ${formatTokens(usage.inputTokens)}`,
    `out ${formatTokens(usage.outputTokens)}`,
    usage.cachedInputTokens ? `cached ${formatTokens(usage.cachedInputTokens)}` : "",
    usage.reasoningTokens ? `reasoning ${formatTokens(usage.reasoningTokens)}` : "",
  ].filter(Boolean);
  const money = formatCost(cost);
  return `${formatTokens(usage.totalTokens)} (${parts.join(", ")})${money ? ` · ${money}` : ""}`;
}

function formatPlace({ uri, line }: { uri: string; line?: number | undefined }): string {
  return line === undefined ? definitionPath(uri) : `${definitionPath(uri)}:${line}`;
}
