/** What Perstack's errors and retries mean: the class of an error, as far as its words and status tell. */
import { parseJson } from "../../base/lines";
import type { ErrorClass, EventError } from "../../model/failure";
import type { PerstackError } from "./perstackEvent";

/** Its message stands for every fault of a provider: a wrong key, a limit, an outage and a timeout alike. */
const faceless = "AI_NoOutputGeneratedError";

export function eventErrorOf({ name, message, statusCode, isRetryable }: PerstackError): EventError {
  return {
    name,
    message: message || name,
    class: classOf(name, message, statusCode),
    ...(statusCode !== undefined && { statusCode }),
    isRetryable,
    ...(name === faceless && {
      cause:
        "Perstack gives this message for every failure of a provider; only its standard error output has the reason.",
    }),
  };
}

/** @param reason JSON with an error and a message: it is also what the model is told. */
export function retryErrorOf(reason: string): EventError {
  const value = parseJson(reason);
  const { error, message } = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const name = typeof error === "string" ? error : "Error";
  const said = typeof message === "string" ? message : reason;
  // Perstack's own words for an answer that is none; the message is addressed to the model.
  const fault = /^Error: (?<what>.+)$/u.exec(name)?.groups?.what;
  if (fault) return { name: "Error", message: fault, class: "provider_bad_request", isRetryable: true };
  return { ...eventErrorOf({ name, message: said, isRetryable: true, statusCode: undefined }), isRetryable: true };
}

const words: readonly (readonly [RegExp, ErrorClass])[] = [
  [/time(?:d )?-?out|TimeoutError|AbortError/iu, "timeout"],
  [/No tool call or text generated|Generation length exceeded/u, "provider_bad_request"],
  [/api[ -]?key|unauthori[sz]ed|authentication|forbidden|permission/iu, "provider_auth"],
  [/rate.?limit|too many requests|quota/iu, "provider_rate_limit"],
  [/not found|bad request|invalid request/iu, "provider_bad_request"],
  [
    /overloaded|unavailable|internal server error|ECONN\w+|ENOTFOUND|fetch failed|terminated|cannot connect/iu,
    "provider_unavailable",
  ],
];

function classOf(name: string, message: string, statusCode: number | undefined): ErrorClass {
  if (statusCode !== undefined) return classOfStatus(statusCode);
  const said = words.find(([pattern]) => pattern.test(`${name}: ${message}`))?.[1];
  return said ?? (name.startsWith("AI_") || name === "APICallError" ? "provider_unavailable" : "internal");
}

function classOfStatus(status: number): ErrorClass {
  if (status === 401 || status === 403) return "provider_auth";
  if (status === 429) return "provider_rate_limit";
  if (status === 408 || status === 504) return "timeout";
  return status >= 400 && status < 500 ? "provider_bad_request" : "provider_unavailable";
}
