/** The last lines of `runtrail start`: how the run went, where to look when it failed, and where it lies. */
import { relative } from "node:path";
import type { RunOutcome } from "../app/app";
import { definitionPath } from "../model/definitionPath";
import { failingStepOf } from "../model/failures";
import { formatCost, formatCount, formatDuration, formatTokens } from "../model/formatting";
import { oneLine, plainLines } from "../model/plainText";
import type { Run } from "../model/run";
import { describeError, errorDetails, stopWords } from "../model/statusText";
import type { Colours } from "./colours";
import { type GoOnCommand, howToGoOn, retryCommandOf } from "./howToGoOn";

export interface SummaryInput {
  outcome: RunOutcome;
  /** Absent where not one event came. */
  run: Run | undefined;
  dir: string;
  runId: string;
  cwd: string;
  command: GoOnCommand;
}

export function summarizeForPerson(
  { outcome, run, dir, runId, cwd, command }: SummaryInput,
  colours: Colours,
): string[] {
  return [
    "",
    ...answerOf(outcome, run),
    headline(outcome, colours),
    ...(outcome.error ? errorDetails(outcome.error, { lines: 40, width: 1000 }).map((line) => `  ${line}`) : []),
    colours.dim(`  ${totalsOf(outcome, run)}`),
    ...(run ? whereToLook(run, cwd) : []),
    `  Run: ${near(dir, cwd)}`,
    `  Log: runtrail log --run ${runId}`,
    ...(outcome.status === "failed" ? [`  Try again from there: ${retryCommandOf(runId, command)}`] : []),
    ...(run ? howToGoOn(run, command).map((line) => `  ${line}`) : []),
  ];
}

/** What the last generation said stands on the screen already. */
function answerOf(outcome: RunOutcome, run: Run | undefined): string[] {
  const last = run?.steps.flatMap(({ items }) => items).findLast((item) => item.kind === "generation");
  const isShown = last?.kind === "generation" && last.text === outcome.text;
  return outcome.text && !isShown ? [...plainLines(outcome.text, { lines: 400, width: 4000 }), ""] : [];
}

function headline(outcome: RunOutcome, colours: Colours): string {
  if (outcome.status === "finished") return colours.green("✓ Finished");
  if (outcome.status === "failed") {
    return colours.red(`✗ Failed${outcome.error ? `: ${describeError(outcome.error)}` : ""}`);
  }
  const words = outcome.stopReason ? stopWords(outcome.stopReason) : "stopped";
  return colours.yellow(`! ${words.charAt(0).toUpperCase()}${words.slice(1)}`);
}

function totalsOf({ totalUsage, cost }: RunOutcome, run: Run | undefined): string {
  const calls = run?.steps.flatMap(({ items }) => items).filter(({ kind }) => kind === "toolCall").length ?? 0;
  return [
    formatCount(run?.steps.length ?? 0, "step"),
    formatCount(calls, "tool call"),
    `${formatTokens(totalUsage.totalTokens)} tokens`,
    formatCost(cost),
    run?.finishedAt === undefined ? "" : formatDuration(run.finishedAt - run.startedAt),
  ]
    .filter(Boolean)
    .join(" · ");
}

function whereToLook(run: Run, cwd: string): string[] {
  if (run.status === "finished" || run.stopReason === "cancelled") return [];
  const failure = failingStepOf(run);
  const place = run.errorLocation ?? run.definition;
  const cause = run.error?.cause ? [`  Cause: ${oneLine(run.error.cause, 300)}`] : [];
  const isSaid = failure?.grade === "fatal" && run.status === "failed";
  const reason = failure && !isSaid ? ` (${oneLine(failure.reason, 200)})` : "";
  const step = failure && failure.step > 0 ? [`  Failing step: ${failure.step}${reason}`] : [];
  const path = place ? near(definitionPath(place.uri), cwd) : "";
  const definition = place ? [`  Definition: ${place.line === undefined ? path : `${path}:${place.line}`}`] : [];
  return [...cause, ...step, ...definition];
}

/** Relative where it lies below the current folder: short, and terminals still link it. */
function near(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return oneLine(short === "" || short.startsWith("..") ? path : short, 1000);
}
