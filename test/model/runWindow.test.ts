import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { failingStepOf } from "../../src/model/failures";
import { countSteps } from "../../src/model/nodeItems";
import { type Run, reduceRun, runOf } from "../../src/model/run";
import { RunWindow } from "../../src/model/runWindow";
import { trimFailures, trimRun } from "../../src/model/trimRun";
import { reachBack, reachOn, type WindowLimits } from "../../src/model/windowEdges";
import { largeRun } from "../support/largeLog";
import { doRun, randomRun } from "../support/randomRuns";
import { anyEvents } from "./arbitraryEvents";

const limits: WindowLimits = { steps: 3, events: 20, bytes: 20_000 };
const roomy: WindowLimits = { ...limits, bytes: Number.POSITIVE_INFINITY };

describe("a run that is watched for a long time", () => {
  it("tells all about itself as one that is kept whole, and has its newest steps", async () => {
    await fc.assert(
      fc.asyncProperty(randomRun, async (random) => {
        const events = await doRun(random);
        const window = new RunWindow(undefined, roomy);
        let whole: Run | undefined;
        for (const event of events) {
          whole = reduceRun(whole, event);
          expect(factsOf(window.apply(event))).toEqual(factsOf(whole));
        }
        expect(endOf(window)).toEqual(wholeEnd(events));
      }),
      { numRuns: 100 },
    );
  });

  it("goes on from what was read of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.nat(199), (count, at) => {
        const events = largeRun({ events: count });
        const first = new RunWindow(undefined, roomy);
        for (const event of events.slice(0, at)) first.apply(event);
        const { run, part } = first;
        const second = new RunWindow(run && structuredClone({ run, events: first.events, part }), roomy);
        for (const event of events.slice(at)) second.apply(event);
        expect(second.run && factsOf(second.run)).toEqual(factsOf(runOf(events)));
        expect(endOf(second)).toEqual(wholeEnd(events));
      }),
    );
  });

  it("keeps no more than twice the limits, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(anyEvents, { minLength: 1, maxLength: 10 }), (lists) => {
        const window = new RunWindow(undefined, limits);
        for (const [index, event] of lists.flat().entries()) {
          const { steps } = window.apply({ ...event, seq: index + 1 });
          const items = steps.flatMap((step) => step.items);
          expect(items.length).toBeLessThanOrEqual(2 * limits.events);
        }
        const before = window.events.findIndex(({ step }) => step > 0);
        expect(before < 0 ? 0 : window.events.length - before).toBeLessThanOrEqual(2 * limits.events);
      }),
    );
  });

  it("keeps the end of one endless step", () => {
    const window = new RunWindow(undefined, limits);
    for (const event of largeRun({ events: 5000, isOneStep: true })) window.apply(event);
    expect(window.run).toMatchObject({ eventCount: 5000, lastStep: 1, status: "finished" });
    expect(window.run?.steps).toHaveLength(1);
    expect(window.run?.steps[0]?.items.length).toBeLessThan(40);
    expect(window.part).toMatchObject({ firstStep: 1, lastStep: 1, lastSeq: 5000, hasEarlier: true });
    expect(window.run && countSteps(window.run)).toBe(1);
  });

  it("counts a step once that comes back after it was dropped", () => {
    const window = new RunWindow(undefined, { ...roomy, steps: 1 });
    for (const [index, step] of [1, 2, 3, 4, 1, 5, 6].entries()) window.apply(note(index + 1, step));
    expect(window.run && countSteps(window.run)).toBe(6);
  });
});

describe("the failures that are kept", () => {
  it("are the newest, after the one to jump to", () => {
    fc.assert(
      fc.property(anyEvents, fc.integer({ min: 1, max: 4 }), (events, most) => {
        const failures = runOf(events)?.failures ?? [];
        const kept = trimFailures(failures, most);
        expect(kept.slice(-most)).toEqual(failures.slice(-most));
        expect(kept.length).toBeLessThanOrEqual(most + 2);
        expect(failingStepOf({ failures: kept })).toEqual(failingStepOf({ failures }));
      }),
    );
  });
});

describe("a window", () => {
  const columnsOf = (steps: readonly number[]) => ({ stepOf: (at: number) => steps[at] ?? 0, bytesOf: () => 10 });

  it("ends and begins with whole steps, unless half of it would be lost", () => {
    const { stepOf, bytesOf } = columnsOf([1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
    const columns = { stepOf, bytesOf };
    const most = (events: number) => ({ steps: 9, events, bytes: 1000 });
    expect(reachBack(6, columns, most(5))).toBe(3);
    expect(reachBack(9, columns, { ...most(50), bytes: 70 })).toBe(3);
    expect(reachBack(14, columns, most(6))).toBe(8);
    expect(reachBack(14, columns, { ...most(50), steps: 2 })).toBe(3);
    expect(reachOn(0, 14, columns, most(5))).toBe(3);
    expect(reachOn(6, 14, columns, most(5))).toBe(11);
    expect(reachOn(0, 14, columns, { ...most(50), steps: 2 })).toBe(6);
  });

  it("has one event at least, and all where there is room", () => {
    const columns = columnsOf([1, 2, 3]);
    expect(reachBack(3, columns, { steps: 1, events: 1, bytes: 1 })).toBe(2);
    expect(reachOn(0, 3, columns, { steps: 1, events: 1, bytes: 1 })).toBe(1);
    expect(reachBack(3, columns, roomy)).toBe(0);
    expect(reachOn(0, 3, columns, roomy)).toBe(3);
    expect(reachBack(0, columns, roomy)).toBe(0);
  });
});

function factsOf(run: Run | undefined): unknown {
  if (!run) return undefined;
  const { steps: _, omitted: __, ...facts } = run;
  return structuredClone({ ...facts, count: countSteps(run) });
}

/** What it would have if it were trimmed just now. */
function endOf({ run, events, part }: RunWindow): unknown {
  if (!run) return undefined;
  const { run: trimmed, events: end } = new RunWindow(structuredClone({ run, events, part }), roomy);
  return { steps: trimmed?.steps, events: end };
}

function wholeEnd(events: readonly RunEvent[]): unknown {
  const run = runOf(events);
  if (!run) return undefined;
  const before = events.findIndex(({ step }) => step > 0);
  const head = before < 0 ? events : events.slice(0, before);
  const rest = before < 0 ? [] : events.slice(before);
  const columns = { stepOf: (at: number) => rest[at]?.step ?? 0, bytesOf: () => 1 };
  const kept = rest.slice(reachBack(rest.length, columns, roomy));
  trimRun(run, kept);
  return { steps: run.steps, events: [...head, ...kept] };
}

function note(seq: number, step: number): RunEvent {
  const payload: EventPayload = { type: "logSkill", skill: "files", line: "word" };
  return { id: `e${seq}`, timestamp: seq, jobId: "j", runId: "r", seq, expertKey: "x", step, ...payload };
}
