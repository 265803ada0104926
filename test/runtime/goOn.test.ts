import { describe, expect, it } from "vitest";
import type { EventPayload, RunEvent } from "../../src/model/events";
import type { Message } from "../../src/model/message";
import { runOf } from "../../src/model/run";
import { goOnFrom } from "../../src/runtime/goOn";

const envelope = { jobId: "j", runId: "r", expertKey: "e", timestamp: 1 };
const eventsOf = (...payloads: [step: number, payload: EventPayload][]) =>
  payloads.map(([step, payload], at): RunEvent => ({ id: `e${at}`, seq: at + 1, step, ...envelope, ...payload }));

/** Branched off in the middle of step 5: one of its two calls has no result. */
const start: EventPayload = { type: "startRun", query: "Do it", checkpointId: "c", stepsBefore: 5 };
const call = (id: string) => ({
  type: "toolCallPart" as const,
  id: `p-${id}`,
  toolCallId: id,
  toolName: "t",
  args: {},
});
const base: Message[] = [
  { type: "userMessage", id: "u", contents: [{ type: "textPart", id: "u0", text: "Do it" }] },
  { type: "expertMessage", id: "x", contents: [call("one"), call("two")] },
];
const result = (id: string): Message => ({
  type: "toolMessage",
  id: "t",
  contents: [{ type: "toolResultPart", id: `r-${id}`, toolCallId: id, toolName: "t", contents: [] }],
});
const cancelled: EventPayload = { type: "stopRun", reason: "cancelled" };

function standing(events: RunEvent[], messages: Message[]) {
  const run = runOf(events);
  if (!run) throw new Error("There is no run");
  const { step, jobStep } = goOnFrom(run, events, messages, { answers: [], by: "test" });
  return { step, jobStep };
}

describe("a run that began in the middle of a step", () => {
  it("goes on in that step, where it was broken off before the calls that were left of it", () => {
    expect(standing(eventsOf([0, start], [0, cancelled]), base)).toEqual({ step: 5, jobStep: 5 });
  });

  it("is in that step still, once these calls are made", () => {
    const tool = { toolCallId: "two", skill: "s", tool: "t" };
    const events = eventsOf(
      [0, start],
      [5, { type: "startToolCall", ...tool, args: {} }],
      [5, { type: "finishToolCall", ...tool, isError: false, result: [] }],
      [5, cancelled],
    );
    const both: Message[] = [...base, result("one"), result("two")];
    expect(standing(events, both)).toEqual({ step: 5, jobStep: 5 });
  });
});
