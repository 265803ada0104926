/**
 * How a run of OpenExpertise ended, in our words. Its two schedulers mean different things: one node after the other, any
 * failure makes the run `partial`, and only where nothing succeeded `failed`; in waves, any failure makes it `failed`, and
 * skipped nodes alone `partial`. We go by what the run says of itself: `partial` came to its end with what did not succeed
 * as blocked steps, `failed` is a failed run.
 */
import type { EventPayload } from "../../model/events";
import type { ErrorClass } from "../../model/failure";
import { formatCount } from "../../model/formatting";
import type { Experience } from "./experience";
import type { OtherStatus } from "./runLogRecord";

export interface NodeFailure {
  node: string;
  step: number;
  reason: string;
  class: ErrorClass;
}

type StopReason = (EventPayload & { type: "stopRun" })["reason"];

/** A run of ours that was stopped says so in the last activity: OpenExpertise stops none, and calls it partial. */
export function stopText(reason: StopReason, message: string | undefined): string {
  return message === undefined ? `stopped (${reason})` : `stopped (${reason}): ${message}`;
}

export function stopOf(activity: unknown): { reason: StopReason; message?: string } | undefined {
  if (typeof activity !== "string") return undefined;
  const { word, message } = /^stopped \((?<word>\w+)\)(?:: (?<message>[\s\S]*))?$/u.exec(activity)?.groups ?? {};
  const reason = (["maxSteps", "input", "cancelled", "budget"] as const).find((each) => each === word);
  return reason && { reason, ...(message !== undefined && { message }) };
}

type EndPayload = EventPayload & { type: "finishRun" | "errorRun" };

export const failedWithoutNode = "The run says that it failed, and no node does.";

/** @returns with it the step that it stands in: that of the failing node */
export function endOf(
  status: OtherStatus,
  failures: readonly NodeFailure[],
  skipped: readonly string[],
  experience: Experience | undefined,
): { payload: EndPayload; step?: number } {
  if (status === "success") return { payload: { type: "finishRun", text: "success" } };
  if (status === "partial") return { payload: { type: "finishRun", text: partialText(failures, skipped) } };
  const last = failures.at(-1);
  if (!last) {
    return { payload: { type: "errorRun", error: errorOf(failedWithoutNode, "tool_error") } };
  }
  const line = experience?.graph?.nodes.find(({ id }) => id === last.node)?.line;
  const names = new Set(failures.map(({ node }) => node));
  const reason = `${last.node}: ${last.reason}`;
  const message = names.size > 1 ? `${formatCount(names.size, "node")} failed, at last ${reason}` : reason;
  return {
    payload: {
      type: "errorRun",
      error: errorOf(message, last.class),
      ...(experience && { location: { uri: experience.uri, ...(line !== undefined && { line }) } }),
    },
    step: last.step,
  };
}

export function partialText(failures: readonly { node: string }[], skipped: readonly string[]): string {
  const failed = listNames(failures.map(({ node }) => node));
  const left = listNames(skipped);
  const parts = [failed && `${failed} failed`, left && `${left} skipped`].filter(Boolean);
  return parts.length > 0 ? `partial: ${parts.join("; ")}` : "partial";
}

const mostNames = 5;

export function listNames(nodes: readonly string[]): string {
  const names = [...new Set(nodes)];
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

const retryable: readonly ErrorClass[] = ["timeout", "transient_io", "provider_rate_limit", "provider_unavailable"];

function errorOf(message: string, errorClass: ErrorClass): (EventPayload & { type: "errorRun" })["error"] {
  return { name: "Error", message, class: errorClass, isRetryable: retryable.includes(errorClass) };
}
