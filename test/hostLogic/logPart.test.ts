import { describe, expect, it } from "vitest";
import type { LoadedPart, LoadedRun } from "../../src/app/runIndex";
import { lineOfFailure, nextFailureFrom } from "../../src/host/documents/logOutline";
import { findPartLinks, isInPart, nextPart, partLine, partLinks, partOfLog } from "../../src/host/documents/logPart";
import { formatRunLog } from "../../src/model/runLog";
import { eventsOf, failed, recovering, runFrom, started } from "./sampleRuns";

const part: LoadedPart = {
  ...{ firstStep: 99_501, lastStep: 100_000, firstSeq: 995_010, lastSeq: 1_000_000 },
  ...{ hasEarlier: true, hasLater: false, isWhole: true },
};

/** Of another system: loaded as a whole however long it is. */
function longRun(steps: number, text = "x".repeat(2000)): LoadedRun {
  const payloads = Array.from({ length: steps }, (_, index) =>
    recovering.map((payload) => ({
      ...payload,
      ...("text" in payload && { text }),
      step: index + 1,
    })),
  );
  const events = eventsOf([started, ...payloads.flat(), { ...failed, step: steps + 1 }]);
  return { run: runFrom(events), events, problems: [] };
}

describe("the first line of a long run's log", () => {
  it("says which steps are shown, and has a link for each that can be shown instead", () => {
    const { text } = partLine(part, 100_000);
    expect(text).toBe("Steps 99,501 to 100,000 of 100,000 are shown · Show earlier steps · Search events… · Timeline");
    for (const { text: words, start, end } of findPartLinks(text, part)) expect(text.slice(start, end)).toBe(words);
    const inside = { ...part, firstStep: 5, lastStep: 5, hasLater: true, isWhole: false };
    expect(partLine(inside, 100_000).text).toBe(
      "Step 5 of 100,000 is shown · the rest of the log is still being looked through · Show earlier steps · Show later steps · Back to the end · Search events… · Timeline",
    );
    expect(findPartLinks(partLine(inside, 9).text, inside).map(({ to }) => to)).toEqual(
      partLinks(inside).map(({ to }) => to),
    );
  });

  it("leads from one part to the next", () => {
    expect(nextPart(part, "before")).toEqual({ step: 99_501, seq: 995_010, edge: "last" });
    expect(nextPart(part, "after")).toEqual({ step: 100_000, seq: 1_000_000, edge: "first" });
    expect(nextPart(part, "newest")).toEqual({});
  });

  it("knows what is in the part, by the event where there is one", () => {
    expect(isInPart(undefined, { step: 5 })).toBe(true);
    expect(isInPart(part, { step: 5 })).toBe(false);
    expect(isInPart(part, { step: 0 })).toBe(true);
    expect(isInPart(part, { step: 99_501 })).toBe(true);
    expect(isInPart(part, { step: 99_501, seq: 995_009 })).toBe(false);
  });
});

describe("the log of a run that was loaded as a whole", () => {
  it("is all of it where it is short", () => {
    const loaded = longRun(3);
    expect(partOfLog(loaded, {})).toEqual({ events: loaded.events });
  });

  it("is the end where it is long, never more than about a megabyte", () => {
    const loaded = longRun(2000);
    const { events, part } = partOfLog(loaded, {});
    expect(part).toMatchObject({ lastStep: 2001, hasEarlier: true, hasLater: false });
    expect(events.at(-1)).toBe(loaded.events.at(-1));
    const text = formatRunLog(loaded.run, events).map((line) => line.text);
    expect(text.join("\n").length).toBeLessThan(1_500_000);
    expect(events.length).toBeGreaterThan(500);
  });

  it("is the part around a step, before it, or after it", () => {
    const loaded = longRun(2000);
    const around = partOfLog(loaded, { step: 1000 });
    expect(isInPart(around.part, { step: 1000 })).toBe(true);
    expect(around.part).toMatchObject({ hasEarlier: true, hasLater: true });
    if (!around.part) throw new Error("All of it is shown.");
    const before = partOfLog(loaded, nextPart(around.part, "before"));
    expect(before.part?.lastSeq).toBe(around.part.firstSeq);
    const after = partOfLog(loaded, nextPart(around.part, "after"));
    expect(after.part?.firstSeq).toBe(around.part.lastSeq);
    let [parts, last] = [0, around.part];
    while (last.hasEarlier) {
      const next: LoadedPart | undefined = partOfLog(loaded, nextPart(last, "before")).part;
      if (!next) throw new Error("All of it is shown.");
      expect(next.firstSeq).toBeLessThan(last.firstSeq);
      last = next;
      parts += 1;
    }
    expect(last.firstSeq).toBe(1);
    expect(parts).toBeGreaterThan(2);
  });
});

describe("walking through the failures of a long run", () => {
  const loaded = longRun(2000, "short");
  const { run } = loaded;
  const end = partOfLog(loaded, { step: 1000 });
  const lines = formatRunLog(run, end.events);
  const log = { lines, failures: run.failures, part: end.part };

  it("goes on in the order of what happened, also to what is not shown", () => {
    const [first] = run.failures;
    const at = run.failures.find(({ step }) => step === 1000);
    if (!at || !first || !end.part) throw new Error("Nothing failed there.");
    const line = lineOfFailure(lines, at);
    expect(nextFailureFrom(log, line, 1)?.found.failure.step).toBe(1001);
    expect(nextFailureFrom(log, line, -1)?.found.failure.step).toBe(999);
    const last = nextFailureFrom(log, lines.length - 1, 1);
    expect(last?.found.failure.step).toBe(end.part.lastStep + 1);
    const earliest = lines.findIndex(({ kind, step }) => kind === "step" && step === end.part?.firstStep);
    expect(nextFailureFrom(log, earliest, -1)?.found.failure.step).toBe(end.part.firstStep - 1);
    expect(nextFailureFrom(log, -1, -1)).toMatchObject({ found: { failure: run.failures.at(-1) }, wrapped: true });
  });
});
