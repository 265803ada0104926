/** The words and signs for how a run, a step or a failure stands; never colour alone. */
import { assertNever } from "../base/errors";
import type { EventOf } from "./events";
import type { EventError, FailureGrade } from "./failure";
import { oneLine } from "./plainText";
import type { Run } from "./run";

export function gradeSign(grade: FailureGrade): string {
  switch (grade) {
    case "fatal":
      return "✗";
    case "blocked":
      return "!";
    case "recovered":
      return "~";
    default:
      return assertNever(grade);
  }
}

export function stopWords(reason: EventOf<"stopRun">["reason"]): string {
  switch (reason) {
    case "maxSteps":
      return "stopped at the step limit";
    case "input":
      return "stopped, waits for input";
    case "cancelled":
      return "cancelled";
    case "budget":
      return "stopped, budget used up";
    default:
      return assertNever(reason);
  }
}

/** "finished", "failed", "cancelled", "waits for approval", … */
export function runStatusWords(run: Pick<Run, "status" | "stopReason" | "waitingFor">): string {
  switch (run.status) {
    case "running":
      return run.waitingFor ? "waits for approval" : "running";
    case "stopped":
      return run.stopReason ? stopWords(run.stopReason) : "stopped";
    case "unknown":
      return "status unknown";
    default:
      return run.status;
  }
}

/** "invalid x-api-key (provider_auth, 401)" */
export function describeError(error: EventError, limit = 300): string {
  const status = error.statusCode === undefined ? "" : `, ${error.statusCode}`;
  return `${oneLine(error.message, limit) || oneLine(error.name, 80)} (${error.class}${status})`;
}
