/** What can go wrong in a run: error classes, the error as an event carries it, and the three grades of a failing step. */
import * as z from "zod";

export const ErrorClass = z.enum([
  "provider_auth",
  "provider_rate_limit",
  "provider_unavailable",
  "provider_bad_request",
  "timeout",
  "transient_io",
  "tool_error",
  "skill_unavailable",
  "replay_diverged",
  "hard_gate_failed",
  "max_steps",
  "budget_exceeded",
  "invalid_definition",
  "cancelled",
  "interrupted",
  "internal",
]);
export type ErrorClass = z.infer<typeof ErrorClass>;

export const EventError = z.object({
  name: z.string(),
  message: z.string(),
  class: ErrorClass,
  statusCode: z.number().int().optional(),
  isRetryable: z.boolean(),
  cause: z.string().optional(),
});
export type EventError = z.infer<typeof EventError>;

/** Why a run that was cancelled goes no further. */
export const cancelError: EventError = {
  name: "cancelled",
  message: "The run was cancelled.",
  class: "cancelled",
  isRetryable: false,
};

/** fatal: the run ended there · blocked: it could not finish there · recovered: the expert got past it. */
export type FailureGrade = "fatal" | "blocked" | "recovered";

export interface Failure {
  grade: FailureGrade;
  class: ErrorClass;
  /** One line for a person. */
  reason: string;
  step: number;
  /** The event that says so. */
  seq: number;
  toolCallId?: string;
}
