/** The attributes of our own that our spans carry beside those of the conventions, so that nothing of a run is lost. */
import type { RunEvent } from "../../model/events";
import type { Span } from "./otlpSpan";

export const ownAttributes = {
  run: "runtrail.run.id",
  job: "runtrail.job.id",
  expert: "runtrail.expert.key",
  seq: "runtrail.seq",
  step: "runtrail.step",
  endSeq: "runtrail.end.seq",
  endStep: "runtrail.end.step",
  /** JSON of the event that the span begins with, without what stands in other attributes. */
  start: "runtrail.start",
  /** Likewise of the one that it ends with. */
  end: "runtrail.end",
  /** JSON of an event that is told as an event of a span. */
  event: "runtrail.event",
} as const;

export type OwnAttribute = keyof typeof ownAttributes;

export function ownName({ attributes }: Pick<Span, "attributes">, name: OwnAttribute): string | undefined {
  const value = attributes.get(ownAttributes[name]);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What is an event's own, beside the envelope. */
export function payloadOf(event: RunEvent): Record<string, unknown> {
  const {
    id: _,
    timestamp: _at,
    jobId: _job,
    runId: _run,
    seq: _seq,
    expertKey: _key,
    step: _step,
    ...payload
  } = event;
  return payload;
}
