/** The end of a coordinator whose delegate failed, or ran out of steps: Perstack's whole job ends there, and nothing tells of the coordinator. */
import type { EventOf, EventPayload } from "../../model/events";

type Ending = EventOf<"finishRun" | "stopRun" | "errorRun">;
type LeftBehind =
  | Pick<EventPayload & { type: "errorRun" }, "type" | "error">
  | Pick<EventPayload & { type: "stopRun" }, "type" | "reason" | "message">;

/**
 * @param expertKey the delegate's
 * @param end the delegate's
 */
export function endLeftBehind(expertKey: string, end: Ending | undefined): LeftBehind | undefined {
  if (end?.type === "errorRun") {
    const message = `The delegate ${expertKey} failed: ${end.error.message}`;
    return { type: "errorRun", error: { ...end.error, message } };
  }
  if (end?.type !== "stopRun" || end.reason !== "maxSteps") return undefined;
  const message = `The delegate ${expertKey} reached the step limit of the job.`;
  return { type: "stopRun", reason: "maxSteps", message };
}

/** Whether a coordinator's end is the one that follows from its delegate's. */
export function isLeftBehind(event: Ending, expertKey: string, end: Ending | undefined): boolean {
  const known = endLeftBehind(expertKey, end);
  if (event.type === "errorRun") return known?.type === "errorRun" && known.error.message === event.error.message;
  return known?.type === "stopRun" && event.type === "stopRun" && known.message === event.message;
}
