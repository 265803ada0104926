/** Which kind an event is of; apart from the schemas, so that asking loads no zod. */
import type { AnyEvent, EventOf, LiveEvent } from "./events";

const liveTypes: Readonly<Record<LiveEvent["type"], true>> = {
  streamReasoning: true,
  streamText: true,
  progressTool: true,
  schedulerState: true,
};

/** Heard on the bus, never in a journal. */
export function isLive(event: AnyEvent): event is LiveEvent {
  return Object.hasOwn(liveTypes, event.type);
}

/** The events that end a run (a stopped one may go on with `resumeRun`). */
export function endsRun(event: AnyEvent): event is EventOf<"finishRun" | "stopRun" | "errorRun"> {
  return event.type === "finishRun" || event.type === "stopRun" || event.type === "errorRun";
}
