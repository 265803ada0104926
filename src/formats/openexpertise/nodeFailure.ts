/** What kind of failure the text of a failed node tells: OpenExpertise records the message alone. */
import { ErrorClass } from "../../model/failure";

/** Of a node that nothing ended: the run was over before it. */
export const didNotFinish = "did not finish: the run ended before it";

const rules: readonly (readonly [RegExp, ErrorClass])[] = [
  [/^did not finish: the run ended before it$/u, "interrupted"],
  // Its own words come first: what a tool printed behind them is the tool's.
  [/^cli-agent .* timed out after \d+ms/u, "timeout"],
  [/exited with exit code|failed schema|expected a structured_output tool call/u, "tool_error"],
  [/\btimed? ?out\b|\bETIMEDOUT\b|\btimeout\b/iu, "timeout"],
  [/\b401\b|\b403\b|invalid x?-?api[- ]key|authentication_error|unauthorized/iu, "provider_auth"],
  [/\b429\b|rate[_ ]limit/iu, "provider_rate_limit"],
  [/\b(?:500|502|503|504|529)\b.*(?:error|unavailable|overloaded|gateway)|overloaded_error/iu, "provider_unavailable"],
  [/\b(?:ECONNRESET|ECONNREFUSED|EPIPE|EAI_AGAIN|ENETUNREACH|EBUSY|EMFILE)\b|socket hang up/u, "transient_io"],
  [/\bAbortError\b|\baborted\b|\bcancell?ed\b/iu, "cancelled"],
];

/** A run of ours names the class before the message where that alone would be taken for another. */
export function failureOfNode(error: string): { class: ErrorClass; reason: string } {
  const { word, rest = "" } = /^(?<word>[a-z_]{1,40}): (?<rest>[\s\S]*)$/u.exec(error)?.groups ?? {};
  const ours = ErrorClass.safeParse(word).data;
  if (ours && classOfNodeFailure(rest) !== ours) return { class: ours, reason: rest };
  return { class: classOfNodeFailure(error), reason: error };
}

/** What `failureOfNode` makes the same of again. */
export function errorOfNode(errorClass: ErrorClass | undefined, reason: string): string {
  const read = failureOfNode(reason);
  const isSame = errorClass === undefined || (read.class === errorClass && read.reason === reason);
  return isSame ? reason : `${errorClass}: ${reason}`;
}

export function classOfNodeFailure(error: string): ErrorClass {
  // A hostile text may be of any length; what is told stands at its beginning.
  const head = error.slice(0, 1000);
  return rules.find(([pattern]) => pattern.test(head))?.[1] ?? "tool_error";
}
