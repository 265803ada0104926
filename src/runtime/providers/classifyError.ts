/** Whatever the SDK, the wire or the provider throws, as a `ModelError`: its class, whether to try again, and a clean cause. */
import { assertNever } from "../../base/errors";
import type { ErrorClass } from "../../model/failure";
import { createRedactor } from "../../model/redact";
import { ModelError } from "../ports";
import { type Fault, faultOf } from "./fault";

export interface ErrorSource {
  label: string;
  modelId: string;
  keyNames: readonly string[];
  /** Never shown, wherever they turn up. */
  secrets: readonly string[];
}

interface Verdict {
  class: ErrorClass;
  isRetryable: boolean;
  message: string;
}

export function toModelError(error: unknown, source: ErrorSource): ModelError {
  if (error instanceof ModelError) return error;
  const fault = faultOf(error);
  const { message, ...verdict } = verdictOf(fault, source);
  // Before it is cut to one line: a piece of a key would not be found later.
  const redactor = createRedactor(source.secrets);
  const cause = oneLine(redactor.text(fault.body || fault.messages.join(": ")));
  return new ModelError(oneLine(redactor.text(message)), {
    ...verdict,
    ...(fault.statusCode !== undefined && fault.statusCode >= 400 && { statusCode: fault.statusCode }),
    ...(fault.retryAfterMs !== undefined && { retryAfterMs: fault.retryAfterMs }),
    ...(cause && { cause }),
  });
}

/** The error to throw when the signal ended a generation: what the one who aborted gave as the reason, if he did. */
export function toAbortError(reason: unknown): ModelError {
  if (reason instanceof ModelError) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") {
    return new ModelError("The generation took too long.", { class: "timeout", isRetryable: true });
  }
  return new ModelError("The generation was cancelled.", { class: "cancelled", isRetryable: false });
}

/** An answer that ended before its end. */
export function brokenAnswer(label: string, how: string): ModelError {
  return new ModelError(`The answer of ${label} ${how}.`, { class: "provider_unavailable", isRetryable: true });
}

function verdictOf(fault: Fault, source: ErrorSource): Verdict {
  const { label, modelId } = source;
  const status = fault.statusCode === undefined ? "" : ` (${fault.statusCode})`;
  const said = fault.said ? `: ${fault.said.trim().replace(/\.$/, "")}` : "";
  const kind = kindOf(fault);
  switch (kind) {
    case "auth":
      return {
        class: "provider_auth",
        isRetryable: false,
        message: `${label} refused the key${status}. ${keyFix(source.keyNames)}`,
      };
    case "rate":
      return { class: "provider_rate_limit", isRetryable: true, message: `${label} limits the rate${status}${said}.` };
    case "quota":
      return {
        class: "provider_rate_limit",
        isRetryable: false,
        message: `The quota at ${label} is used up${status}. Check its plan and billing.`,
      };
    case "billing":
      return {
        class: "provider_bad_request",
        isRetryable: false,
        message: `${label} asks for payment${status}. Check its plan and billing${said}.`,
      };
    case "unknownModel":
      return {
        class: "provider_bad_request",
        isRetryable: false,
        message: `${label} does not know the model “${modelId}”${status}. Check the name, or the base URL${said}.`,
      };
    case "options":
      return {
        class: "invalid_definition",
        isRetryable: false,
        message: `${label} does not take what [provider.setting.providerOptions] says. Correct it in perstack.toml.`,
      };
    case "badRequest":
      return {
        class: "provider_bad_request",
        isRetryable: false,
        message: `${label} refused the request${status}${said}.`,
      };
    case "unreachable":
      return {
        class: "provider_unavailable",
        isRetryable: true,
        message: `${label} could not be reached${fault.host ? ` at ${fault.host}` : ""} (${fault.networkCode}).`,
      };
    case "untrusted":
      return {
        class: "provider_unavailable",
        isRetryable: false,
        message: `The certificate of ${label} was refused (${fault.networkCode}). Check the base URL and proxy.`,
      };
    case "broken":
      return {
        class: "provider_unavailable",
        isRetryable: true,
        message: `The answer of ${label} broke off or could not be read.`,
      };
    case "unavailable":
      return {
        class: "provider_unavailable",
        isRetryable: true,
        message: `${label} is not available${status}${said}.`,
      };
    case "internal":
      return {
        class: "internal",
        isRetryable: false,
        message: `The request to ${label} failed: ${fault.messages[0] ?? fault.name}`,
      };
    default:
      return assertNever(kind);
  }
}

function keyFix(names: readonly string[]): string {
  if (names.length === 0) return "Check `headers` in [provider.setting].";
  return `Check ${names.join(" or ")}, or run “Runtrail: Set API Key…”.`;
}

type Kind =
  | "auth"
  | "rate"
  | "quota"
  | "billing"
  | "unknownModel"
  | "options"
  | "badRequest"
  | "unreachable"
  | "untrusted"
  | "broken"
  | "unavailable"
  | "internal";

function kindOf(fault: Fault): Kind {
  const { statusCode: status, body } = fault;
  if (status !== undefined && status >= 400) {
    if (status === 401 || status === 403) return "auth";
    if (status === 400 && /API_KEY_INVALID|API key not valid/.test(body)) return "auth";
    if (status === 402) return "billing";
    if (status === 404) return "unknownModel";
    if (status === 429) return /insufficient_quota/.test(body) ? "quota" : "rate";
    return status >= 500 || status === 408 || status === 409 ? "unavailable" : "badRequest";
  }
  if (status !== undefined || fault.messages.some((message) => /\bterminated\b/.test(message))) return "broken";
  if (fault.networkCode) return /CERT|TLS|SIGN/.test(fault.networkCode) ? "untrusted" : "unreachable";
  return kindOfType(fault.type) ?? kindOfName(fault);
}

/** By the type that an error event in the middle of a stream names. */
function kindOfType(type: string | undefined): Kind | undefined {
  if (type === undefined) return undefined;
  if (/insufficient_quota/i.test(type)) return "quota";
  if (/rate_?limit|throttl|RESOURCE_EXHAUSTED/i.test(type)) return "rate";
  if (/authentication|permission|UNAUTHENTICATED/i.test(type)) return "auth";
  if (/invalid|not_found|too_large|validation|context_length/i.test(type)) return "badRequest";
  return "unavailable";
}

/** By the name of the SDK's error; what is left without a name of theirs is a bug, not the provider's doing. */
function kindOfName({ name, messages, isPayload }: Fault): Kind {
  switch (name) {
    case "AI_LoadAPIKeyError":
    case "AI_LoadSettingError":
      return "auth";
    case "AI_InvalidArgumentError":
      return messages.some((message) => message.includes("provider options")) ? "options" : "badRequest";
    case "AI_UnsupportedFunctionalityError":
    case "AI_InvalidPromptError":
    case "AI_InvalidDataContentError":
    case "AI_MessageConversionError":
    case "AI_MissingToolResultsError":
    case "AI_NoSuchModelError":
      return "badRequest";
    case "AI_APICallError":
    case "AI_JSONParseError":
    case "AI_TypeValidationError":
    case "AI_InvalidResponseDataError":
    case "AI_NoOutputGeneratedError":
    case "AI_NoContentGeneratedError":
    case "AI_EmptyResponseBodyError":
      return "broken";
    case "AI_StreamProviderError":
      return "unavailable";
    default:
      if (messages.some((message) => /default credentials|invalid_grant|reauth/i.test(message))) return "auth";
      if (messages.some((message) => /^(?:fetch failed|other side closed)$/i.test(message))) return "broken";
      return isPayload ? "unavailable" : "internal";
  }
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}
