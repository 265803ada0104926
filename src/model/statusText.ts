/** The words and signs for how a run, a step or a failure stands; never colour alone. */

import { assertNever } from "../base/errors";
import type { EventOf, Origin } from "./events";
import type { EventError, FailureGrade } from "./failure";
import { failingStepOf, hasFailedPart } from "./failures";
import { firstLine, oneLine, plainLines, type TextLimits } from "./plainText";
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
export function runStatusWords(
  run: Pick<Run, "status" | "stopReason" | "waitingFor"> & { failures?: Run["failures"] },
): string {
  switch (run.status) {
    case "finished":
      return hasFailedPart(run.status, failingStepOf({ failures: run.failures ?? [] }))
        ? "finished, though a part failed"
        : "finished";
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

/** "fork of", "goes on from", …: what a run is to the one it came from. */
export function originWords({ kind }: Pick<Origin, "kind">): string {
  const words = {
    continue: "goes on from",
    resume: "branch of",
    retry: "retry of",
    fork: "fork of",
    rerun: "repeats",
    restart: "restart of",
  };
  return words[kind];
}

/** "fork of run x at checkpoint y, with another model" */
export function describeOrigin({ kind, runId, checkpointId, changed = [] }: Origin): string {
  const at = checkpointId === undefined || kind === "continue" ? "" : ` at checkpoint ${checkpointId}`;
  return `${originWords({ kind })} run ${runId}${at}${changed.length > 0 ? `, with another ${changed.join(" and ")}` : ""}`;
}

/** "invalid x-api-key (provider_auth, 401)"; of a message of several lines the first. */
export function describeError(error: EventError): string {
  return `${firstLine(error.message, headLimit) || oneLine(error.name, 80)} (${classOf(error)})`;
}

/** What `describeError` leaves out of the message: the lines after the first, or all of it where the first is long. */
export function errorDetails({ message }: EventError, limits: TextLimits): string[] {
  const lines = plainLines(message, limits);
  return lines[0] === firstLine(message, headLimit) ? lines.slice(1) : lines;
}

/** The whole message as it stands, and its class. */
export function wholeError(error: EventError): string {
  return `${error.message}\n(${classOf(error)})`;
}

const headLimit = 300;

function classOf(error: EventError): string {
  return error.statusCode === undefined ? error.class : `${error.class}, ${error.statusCode}`;
}
