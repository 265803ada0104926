/** What Perstack's errors and retries mean, the class of an error as far as its words and status tell; and ours as Perstack's. */
import { parseJson } from "../../base/lines";
import { ErrorClass, type EventError } from "../../model/failure";
import type { PerstackError } from "./perstackEvent";
import type { WrittenError } from "./writtenEvent";

/** Its message stands for every fault of a provider: a wrong key, a limit, an outage and a timeout alike. */
const faceless = "AI_NoOutputGeneratedError";
const facelessCause =
  "Perstack gives this message for every failure of a provider; only its standard error output has the reason.";

/**
 * What we write has what Perstack's error has no place for: the class, in brackets behind the name where the name is not that
 * already; and the cause behind the message.
 */
const marked = /^(?<name>.*) \[(?<mark>\w+)\]$/su;
const caused = /^(?<said>.*)\nCause: (?<cause>.*)$/su;

export function eventErrorOf({ name: told, message: words, statusCode, isRetryable }: PerstackError): EventError {
  const { name = told, known } = markedName(told);
  const { said: message = words, cause = name === faceless ? facelessCause : undefined } =
    caused.exec(words)?.groups ?? {};
  return {
    name,
    message: message || name,
    class: known ?? classOf(name, message, statusCode),
    ...(statusCode !== undefined && { statusCode }),
    isRetryable,
    ...(cause !== undefined && { cause }),
  };
}

const cancelName = "Cancelled";

/** Perstack has no word for it: it is simply killed. */
export function writtenCancel(message = "The run was cancelled."): WrittenError {
  return { name: cancelName, message, isRetryable: false };
}

function markedName(told: string): { name?: string; known?: ErrorClass | undefined } {
  const { name = told, mark = told } = marked.exec(told)?.groups ?? {};
  if (told === cancelName) return { known: "cancelled" };
  const known = ErrorClass.safeParse(mark).data;
  return known ? { name, known } : {};
}

/** The error that is read as this one. */
export function writtenError({
  name,
  message,
  class: errorClass,
  cause,
  statusCode,
  isRetryable,
}: EventError): WrittenError {
  const isNews = cause !== undefined && cause !== "" && cause !== facelessCause;
  const words = isNews ? `${message}\nCause: ${cause}` : message;
  const status = statusCode !== undefined && { statusCode };
  const plain = { name, message: words, ...status, isRetryable };
  const isSame = eventErrorOf({ statusCode: undefined, ...plain }).class === errorClass;
  return isSame ? plain : { ...plain, name: `${name} [${errorClass}]` };
}

/** @param reason JSON with an error and a message: it is also what the model is told. */
export function retryErrorOf(reason: string): EventError {
  const value = parseJson(reason);
  const { error, message } = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const name = typeof error === "string" ? error : "Error";
  const said = typeof message === "string" ? message : reason;
  // Perstack's own words for an answer that is none; the message is addressed to the model.
  const fault = /^Error: (?<what>.+)$/su.exec(name)?.groups?.what;
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
