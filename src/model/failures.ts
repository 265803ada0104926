/** Which events are failures, and of which grade; and the failures of a run in the order one walks through them. */
import type { EventOf, RunEvent } from "./events";
import type { Failure } from "./failure";
import { firstLine } from "./plainText";
import type { Run, Step } from "./run";
import { briefResult } from "./toolText";

export function failureOf(event: RunEvent): Failure | undefined {
  const at = { step: event.step, seq: event.seq };
  switch (event.type) {
    case "errorRun":
      return { grade: "fatal", class: event.error.class, reason: brief(event.error.message), ...at };
    case "retryGeneration":
      return { grade: "recovered", class: event.error.class, reason: brief(event.error.message), ...at };
    case "finishToolCall":
      return event.isError || event.blockedBy
        ? {
            grade: isBlocked(event) ? "blocked" : "recovered",
            class: event.errorClass ?? "tool_error",
            reason: `${event.tool}: ${event.blockedBy === "todos" ? "todos are still open" : brief(briefResult(event.result))}`,
            toolCallId: event.toolCallId,
            ...at,
          }
        : undefined;
    case "stopRun":
      return event.reason === "maxSteps" || event.reason === "budget"
        ? {
            grade: "blocked",
            class: event.reason === "maxSteps" ? "max_steps" : "budget_exceeded",
            reason: event.message ?? event.reason,
            ...at,
          }
        : undefined;
    case "failNode": {
      const name = event.iteration === undefined ? event.node : `${event.node} #${event.iteration}`;
      return { grade: "blocked", class: event.class ?? "tool_error", reason: brief(`${name}: ${event.reason}`), ...at };
    }
    case "failGate":
      return { grade: "blocked", class: "hard_gate_failed", reason: `Gate ${event.gate} failed`, ...at };
    default:
      return undefined;
  }
}

/** What events that follow each other say of the same thing is one failure: a gate that ends the run is the run's end. */
export function isSameFailure(last: Failure | undefined, next: Failure): boolean {
  return (
    last?.grade === "blocked" &&
    next.grade !== "recovered" &&
    last.step === next.step &&
    last.class === next.class &&
    last.toolCallId === next.toolCallId
  );
}

/** The failure to jump to: the one the run ended with, else what blocked it last, else the last it recovered from. */
export function failingStepOf({ failures }: Pick<Run, "failures">): Failure | undefined {
  return (
    failures.findLast(({ grade }) => grade === "fatal") ??
    failures.findLast(({ grade }) => grade === "blocked") ??
    failures.at(-1)
  );
}

/** What says that it finished, though a node or a gate of it failed. What an expert was refused, it got past. */
export function hasFailedPart(status: Run["status"], failure: Failure | undefined): boolean {
  return status === "finished" && failure?.grade === "blocked" && failure.toolCallId === undefined;
}

/** The worst grade among the failures of a step. */
export function gradeOfStep(run: Run, step: Step): Failure["grade"] | undefined {
  let worst = grades.length;
  for (const failure of run.failures) {
    if (failure.step === step.step) worst = Math.min(worst, grades.indexOf(failure.grade));
  }
  return grades[worst];
}

/** The worst first. */
const grades: readonly Failure["grade"][] = ["fatal", "blocked", "recovered"];

const reasonLimit = 300;

function brief(text: string): string {
  return firstLine(text, reasonLimit);
}

function isBlocked({ blockedBy, errorClass }: EventOf<"finishToolCall">): boolean {
  return blockedBy !== undefined || errorClass === "skill_unavailable" || errorClass === "cancelled";
}
