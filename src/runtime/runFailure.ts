/** What ends a run before its expert is done, as exceptions inside the loop; `runExpert` turns each into the last event. */
import { messageOf } from "../base/errors";
import type { DefinitionRef } from "../model/events";
import type { ErrorClass, EventError } from "../model/failure";
import { ModelError } from "./ports";

/** The run cannot go on. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  constructor(
    readonly error: EventError,
    readonly location?: DefinitionRef,
  ) {
    super(error.message);
  }
}

/** The user stopped the run. */
export class RunCancelled extends Error {
  override readonly name = "RunCancelled";
}

export function eventError(errorClass: ErrorClass, message: string, isRetryable = false): EventError {
  return { name: errorClass, message, class: errorClass, isRetryable };
}

/** A thrown value as events carry it. What nobody expected is `internal`. */
export function toEventError(error: unknown): EventError {
  if (error instanceof RunFailure) return error.error;
  if (error instanceof ModelError) {
    const { class: errorClass, isRetryable, statusCode, cause } = error.details;
    return {
      name: error.name,
      message: error.message,
      class: errorClass,
      isRetryable,
      ...(statusCode !== undefined && { statusCode }),
      ...(cause && { cause }),
    };
  }
  const name = error instanceof Error ? error.name : "Error";
  return { name, message: messageOf(error), class: "internal", isRetryable: false };
}
