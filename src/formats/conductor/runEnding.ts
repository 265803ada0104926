/**
 * How a run ended, out of words that others have changed since: whoever looks at a run of Conductor Loop whose process is
 * gone rewrites its record, to failed, or to completed where the task is done, whatever had become of the run.
 */
import { ErrorClass, type EventError } from "../../model/failure";
import type { RunInfo } from "./runInfo";

export type RunEnding =
  | { kind: "open" }
  | { kind: "finished" }
  | { kind: "stopped"; reason: "maxSteps" | "input" | "cancelled" | "budget"; message: string | undefined }
  | { kind: "failed"; error: EventError };

/** What else the files say about it. */
export interface EndingEvidence {
  /** The task's CANCELLED: its reason, empty where it names none. */
  cancelled?: string | undefined;
  /** Whether someone asked to stop the run, or to cancel its task. */
  isStopRequested?: boolean;
  /** The code in the run's RUN_STOP or RUN_CRASH message. */
  postedCode?: number | undefined;
  /** What a run of ours was written with: it says more than a code. */
  meta?: Readonly<Record<string, string>> | undefined;
  /** What the agent or its standard error output says. */
  cause?: string | undefined;
  /** What the agent's own words about its failure mean. */
  agentFailure?: EventError | undefined;
}

export const killed = "agent exited with code -1";
const stopReasons = ["maxSteps", "input", "cancelled", "budget"] as const;

export function endingOf(info: RunInfo, evidence: EndingEvidence): RunEnding {
  const { postedCode, meta } = evidence;
  const isOver = info.status === "completed" || info.status === "failed";
  if (!isOver && postedCode === undefined && !(info.endedAt !== undefined && info.exitCode !== undefined)) {
    return { kind: "open" };
  }
  const code = isOver ? info.exitCode : (postedCode ?? info.exitCode);
  const summary = info.errorSummary;
  const stopped = stopReasons.find((reason) => reason === meta?.stop_reason);
  if (stopped) {
    const reason = stopped === "cancelled" ? evidence.cancelled : undefined;
    return { kind: "stopped", reason: stopped, message: reason || summary };
  }
  const isCompleted = isOver ? info.status === "completed" : code === 0;
  if (summary === killed || (isCompleted && code === -1)) {
    const { cancelled, isStopRequested } = evidence;
    if (isCompleted || cancelled !== undefined || isStopRequested) {
      return { kind: "stopped", reason: "cancelled", message: cancelled || summary };
    }
  }
  // A run that timed out or whose process died is completed for whoever looked after the next one was done.
  if (isCompleted && (code ?? 0) === 0 && !isMended(summary)) return { kind: "finished" };
  return { kind: "failed", error: errorOf(summary, code, evidence) };
}

function isMended(summary: string | undefined): boolean {
  return summary === "timed out" || summary === "reconciled stale running status: process is not alive";
}

const retryable: readonly ErrorClass[] = [
  "timeout",
  "interrupted",
  "transient_io",
  "provider_unavailable",
  "provider_rate_limit",
];

function errorOf(summary: string | undefined, code: number | undefined, evidence: EndingEvidence): EventError {
  const told = ErrorClass.safeParse(evidence.meta?.error_class);
  const { agentFailure } = evidence;
  const errorClass = told.success ? told.data : classOf(summary, code, agentFailure);
  const name = evidence.meta?.error_name;
  return {
    // What is ours has no exit code: that is written for those who look for one.
    name: name ?? "AgentError",
    message: name !== undefined && summary !== undefined ? summary : messageOf(summary, code),
    class: errorClass,
    ...(agentFailure?.statusCode !== undefined && { statusCode: agentFailure.statusCode }),
    isRetryable: retryable.includes(errorClass),
    ...(evidence.cause !== undefined && { cause: evidence.cause }),
  };
}

/** `splitMessage` takes it apart again. */
function messageOf(summary: string | undefined, code: number | undefined): string {
  if (summary === undefined) return code === undefined ? "The agent failed." : `agent exited with code ${code}`;
  return code === undefined || summary.includes(`code ${code}`) ? summary : `${summary} (exit code ${code})`;
}

/** What `run-info.yaml` said of an error of a run that was read. */
export function splitMessage(message: string): { summary: string; code?: number } {
  const { summary = message, code } =
    /^(?<summary>.*) \(exit code (?<code>-?\d{1,10})\)$/su.exec(message)?.groups ?? {};
  const exited = /^agent exited with code (?<code>-?\d{1,10})$/u.exec(message)?.groups?.code;
  const number = code ?? exited;
  return { summary, ...(number !== undefined && { code: Number(number) }) };
}

const words: readonly (readonly [RegExp, ErrorClass])[] = [
  [/\btimed? ?out\b|deadline exceeded|\bETIMEDOUT\b/iu, "timeout"],
  [/process is not alive|\bkilled\b|\bterminated\b|signal/iu, "interrupted"],
  [/usage error|rejected --/iu, "invalid_definition"],
  [/api[ -]?key|unauthori[sz]ed|authentication|forbidden|\b40[13]\b/iu, "provider_auth"],
  [/rate.?limit|too many requests|quota|\b429\b/iu, "provider_rate_limit"],
  [/connection (?:refused|reset)|no such host|\bECONN\w+|network is unreachable/iu, "transient_io"],
  [/overloaded|unavailable|internal server error|bad gateway|\b5\d\d\b/iu, "provider_unavailable"],
  [/bad request|invalid request|not found|\b400\b/iu, "provider_bad_request"],
];

const codes: Readonly<Record<number, ErrorClass>> = {
  [-1]: "interrupted",
  2: "invalid_definition",
  124: "timeout",
  130: "interrupted",
  137: "interrupted",
  143: "interrupted",
};

export function classOf(
  summary: string | undefined,
  code: number | undefined,
  agentFailure: EventError | undefined,
): ErrorClass {
  const isCodeAlone = summary === undefined || /^agent (?:exited with code|reported failure)/u.test(summary);
  const said = isCodeAlone ? undefined : words.find(([pattern]) => pattern.test(summary))?.[1];
  const ofAgent = agentFailure?.class === "internal" ? undefined : agentFailure?.class;
  return said ?? (code === undefined ? undefined : codes[code]) ?? ofAgent ?? "tool_error";
}
