/** The error that a coding agent tells of in words, in our classes: its words stay the message. */
import { ErrorClass, type EventError } from "../../model/failure";

const byStatus: readonly [RegExp, ErrorClass][] = [
  [/^(?:401|403)$/u, "provider_auth"],
  [/^(?:429|402)$/u, "provider_rate_limit"],
  [/^408$/u, "timeout"],
  [/^4\d\d$/u, "provider_bad_request"],
  [/^5\d\d$/u, "provider_unavailable"],
];

const byWords: readonly [RegExp, ErrorClass][] = [
  [/max_?turns|maximum number of turns|turn limit/iu, "max_steps"],
  [/max_?budget|budget exceeded/iu, "budget_exceeded"],
  [/authentication|unauthori[sz]ed|api key|log ?in\b|logged in|oauth|billing_error|forbidden/iu, "provider_auth"],
  [/rate.?limit|usage limit|session limit|quota|too many requests|resource.?exhausted/iu, "provider_rate_limit"],
  [/overloaded|server_error|unavailable|internal server error|high demand/iu, "provider_unavailable"],
  [/timed? ?out|timeout/iu, "timeout"],
  [/econn|enotfound|network|connection|stream (?:disconnected|closed)|socket|fetch failed/iu, "transient_io"],
  [/invalid.?request|prompt is too long|context.?(?:window|length)|bad request/iu, "provider_bad_request"],
  [/interrupted|cancell?ed|aborted/iu, "cancelled"],
];

const retryable: ReadonlySet<ErrorClass> = new Set<ErrorClass>([
  "provider_rate_limit",
  "provider_unavailable",
  "timeout",
  "transient_io",
]);

/**
 * @param status of HTTP, where the agent recorded it
 * @param ours the class that a run of ours was written with: no agent has that word
 */
export function agentError(name: string, message: string, status?: unknown, ours?: unknown): EventError {
  const told = typeof status === "number" && status >= 400 && status < 600 ? Math.floor(status) : statusIn(message);
  const known = ErrorClass.safeParse(ours);
  const errorClass =
    known.data ??
    byStatus.find(([pattern]) => told !== undefined && pattern.test(String(told)))?.[1] ??
    byWords.find(([pattern]) => pattern.test(`${name} ${message}`))?.[1] ??
    "internal";
  return {
    ...{ name, message, class: errorClass, isRetryable: retryable.has(errorClass) },
    ...(told !== undefined && { statusCode: told }),
  };
}

function statusIn(message: string): number | undefined {
  const found = /(?:error|status|code)[\s:="]{1,4}(?<status>[45]\d\d)\b/iu.exec(message)?.groups?.status;
  return found === undefined ? undefined : Number(found);
}
