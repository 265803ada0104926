/** What VS Code and the extensions behind its models say went wrong, as errors of a run. */
import * as vscode from "vscode";
import { oneLine } from "../model/plainText";
import { ModelError } from "../runtime/ports";
import { toAbortError, toModelError } from "../runtime/providers/classifyError";

const label = "VS Code";

export function toEditorModelError(error: unknown, modelId: string, signal?: AbortSignal): ModelError {
  if (signal?.aborted) return toAbortError(error);
  if (error instanceof ModelError) return error;
  if (error instanceof vscode.CancellationError) {
    return new ModelError("VS Code cancelled the request.", { class: "provider_unavailable", isRetryable: true });
  }
  const known = error instanceof vscode.LanguageModelError ? ofKind(error, modelId) : undefined;
  if (known) return known;
  const cause = error instanceof vscode.LanguageModelError && error.cause ? error.cause : error;
  const told = byWords(wordsOf(error), modelId);
  return told ?? toModelError(cause, { label, modelId, keyNames: [], secrets: [] });
}

function ofKind(error: vscode.LanguageModelError, modelId: string): ModelError | undefined {
  const words = wordsOf(error);
  const cause = words === "" ? {} : { cause: words };
  switch (error.code) {
    case vscode.LanguageModelError.NoPermissions.name: {
      const message = `Consent refused: Runtrail may not use “${modelId}”. Run again and allow it, or choose another model.`;
      return new ModelError(message, { class: "provider_auth", isRetryable: false, ...cause });
    }
    case vscode.LanguageModelError.Blocked.name: {
      const message = `VS Code blocked the request to “${modelId}”${words === "" ? "" : `: ${words}`}.`;
      return (
        byWords(words, modelId) ??
        new ModelError(message, { class: "provider_bad_request", isRetryable: false, ...cause })
      );
    }
    case vscode.LanguageModelError.NotFound.name: {
      const message = `VS Code does not have the model “${modelId}” any more. Choose another one.`;
      return new ModelError(message, { class: "provider_bad_request", isRetryable: false, ...cause });
    }
    default:
      return undefined;
  }
}

/** Extensions have no codes for what is used up, only words. */
function byWords(words: string, modelId: string): ModelError | undefined {
  if (/quota|allowance|premium request|used up|exhausted|exceeded your/iu.test(words)) {
    const message = `The quota for “${modelId}” is used up. Choose another model, or wait until it is filled again.`;
    return new ModelError(message, { class: "provider_rate_limit", isRetryable: false, cause: words });
  }
  if (/rate.?limit|too many requests|\b429\b/iu.test(words)) {
    const message = `“${modelId}” limits the rate: ${words}.`;
    return new ModelError(message, { class: "provider_rate_limit", isRetryable: true, cause: words });
  }
  return undefined;
}

/** Its own words and those of what caused it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === "string" ? oneLine(error, 300) : "";
  const cause = error.cause === undefined ? "" : wordsOf(error.cause);
  const parts = [error.message, error.message.includes(cause) ? "" : cause].filter((part) => part !== "");
  return oneLine(parts.join(": "), 300).replace(/\.$/u, "");
}
