/** What holds for whatever is told in Perstack's words: shapes, ids, times, steps, brackets. */
import { expect } from "vitest";
import type { WrittenEvent } from "../../src/formats/perstack/writtenEvent";
import { faultOfEvent } from "../support/perstackShapes";

/** Each of Perstack's runs in the order in which they begin, its state events alone. */
export function sequences(told: readonly WrittenEvent[]): string[] {
  const parts = new Map<string, string[]>();
  for (const event of told) {
    const part = parts.get(event.runId) ?? [];
    parts.set(event.runId, part);
    if ("stepNumber" in event && !/streaming|^stream/iu.test(event.type)) part.push(event.type);
  }
  return [...parts.values()].map((types) => types.join(" "));
}

export function expectSound(told: readonly WrittenEvent[]): void {
  expect(told.flatMap((event) => faultOfEvent(event) ?? [])).toEqual([]);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  const parts = new Map<string, WrittenEvent[]>();
  for (const event of told) parts.set(event.runId, [...(parts.get(event.runId) ?? []), event]);
  for (const events of parts.values()) {
    expect(events[0]?.type).toBe("initializeRuntime");
    const times = events.map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expectWholeStreams(events);
    expectSkillsInPairs(events);
    let step: number | undefined;
    for (const event of events) {
      if (!("stepNumber" in event)) continue;
      if ("checkpoint" in event) {
        expect(event.checkpoint.stepNumber).toBe(event.stepNumber);
        expect(event.step.stepNumber).toBe(event.stepNumber);
        expect(event.checkpoint.runId).toBe(event.runId);
      }
      if (step !== undefined) expect(event.stepNumber).toBe(step);
      step = event.type === "continueToNextStep" ? event.stepNumber + 1 : event.stepNumber;
    }
  }
}

function expectWholeStreams(events: readonly WrittenEvent[]): void {
  let text: string | undefined;
  for (const event of events) {
    if (event.type === "startStreamingReasoning" || event.type === "startStreamingRunResult") {
      expect(text).toBeUndefined();
      text = "";
    } else if (event.type === "streamReasoning" || event.type === "streamRunResult") text += event.delta;
    else if (event.type === "completeStreamingReasoning" || event.type === "completeStreamingRunResult") {
      expect(event.text).toBe(text);
      text = undefined;
    } else expect(text).toBeUndefined();
  }
}

function expectSkillsInPairs(events: readonly WrittenEvent[]): void {
  const named = (type: string) =>
    events.flatMap((event) => (event.type === type && "skillName" in event ? [event.skillName] : [])).toSorted();
  expect(named("skillDisconnected")).toEqual(named("skillConnected"));
}
