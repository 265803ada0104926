import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  failureLines,
  foldsOf,
  lineOfFailure,
  lineOfPlace,
  nextFailure,
  outlineOf,
} from "../../src/host/documents/logOutline";
import { formatRunLog } from "../../src/model/runLog";
import { eventsOf, failed, recovering, runFrom, started } from "./sampleRuns";

const events = eventsOf([started, ...recovering, failed]);
const run = runFrom(events);
const lines = formatRunLog(run, events);

describe("the outline of a run's log", () => {
  it("has the steps with their items below the header", () => {
    const steps = outlineOf(lines).filter(({ line }) => line.kind === "step" && line.step > 0);
    expect(steps.map(({ line }) => line.text.split(" · ")[0])).toEqual(["Step 1", "Step 2"]);
    expect(steps[0]?.children.length).toBe(2);
  });

  it("folds a step up to its last line and no further", () => {
    const [first] = outlineOf(lines).filter(({ line }) => line.kind === "step" && line.step === 1);
    expect(lines[first?.end ?? -1]?.step).toBe(1);
    expect(lines[(first?.end ?? 0) + 1]?.text).toBe("");
    expect(foldsOf(outlineOf(lines))).toContainEqual({ start: first?.start, end: first?.end });
  });

  it("nests folds properly, whatever the lines", () => {
    const line = fc.record({
      text: fc.constantFrom("", "a", "b"),
      depth: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
      kind: fc.constantFrom("run" as const, "step" as const, "item" as const, "detail" as const),
      step: fc.nat({ max: 3 }),
    });
    void fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (random) => {
        const folds = foldsOf(outlineOf(random));
        for (const a of folds) {
          expect(a.end).toBeGreaterThan(a.start);
          expect(a.end).toBeLessThan(random.length);
          for (const b of folds) {
            const apart = a.end < b.start || b.end < a.start;
            const inside = (a.start <= b.start && b.end <= a.end) || (b.start <= a.start && a.end <= b.end);
            expect(apart || inside).toBe(true);
          }
        }
      }),
    );
  });
});

describe("the line of a failure", () => {
  it("is the line that tells of it, not the header and not the step", () => {
    for (const failure of run.failures) {
      const line = lines[lineOfFailure(lines, failure)];
      expect(line?.seq).toBe(failure.seq);
      expect(line?.grade).toBe(failure.grade);
      expect(line?.kind).not.toBe("step");
    }
  });

  it("is the step's where no line tells of it", () => {
    const line = lines[lineOfPlace(lines, { step: 2, seq: 999 })];
    expect(line?.kind).toBe("step");
    expect(line?.step).toBe(2);
  });
});

describe("walking from failure to failure", () => {
  const failures = failureLines(lines, run.failures);

  it("goes down through all of them and begins again, saying so", () => {
    expect(failures.map(({ failure }) => failure.grade)).toEqual(["recovered", "fatal"]);
    const first = nextFailure(failures, -1, 1);
    expect(first).toEqual({ found: failures[0], wrapped: false });
    expect(nextFailure(failures, failures[0]?.line ?? 0, 1)).toEqual({ found: failures[1], wrapped: false });
    expect(nextFailure(failures, failures[1]?.line ?? 0, 1)).toEqual({ found: failures[0], wrapped: true });
  });

  it("goes up as well", () => {
    expect(nextFailure(failures, failures[1]?.line ?? 0, -1)).toEqual({ found: failures[0], wrapped: false });
    expect(nextFailure(failures, failures[0]?.line ?? 0, -1)).toEqual({ found: failures[1], wrapped: true });
  });

  it("finds nothing where nothing failed", () => {
    expect(nextFailure([], 3, 1)).toBeUndefined();
  });
});
