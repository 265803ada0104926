import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LoadedPart, LoadedRun, WantedPart } from "../../src/app/runIndex";
import { ShownRuns } from "../../src/host/views/shownRuns";
import { eventsOf, recovering, runFrom, started } from "./sampleRuns";

const events = eventsOf([started, ...recovering]);

/** Reads of a run whose steps from `first` to `last` are there. */
function openRuns(part?: Partial<LoadedPart> & { firstStep: number; lastStep: number }, status?: "running") {
  const asked: [dir: string, wanted: WantedPart][] = [];
  const read = async (dir: string, wanted: WantedPart): Promise<LoadedRun> => {
    asked.push([dir, wanted]);
    const run = { ...runFrom(events), status: status ?? ("finished" as const) };
    if (!part) return { run, events, problems: [] };
    const { firstStep, lastStep } = part;
    run.steps = Array.from({ length: lastStep - firstStep + 1 }, (_, index) => ({
      ...{ step: firstStep + index, startedAt: 1, items: [] },
    }));
    run.lastStep = 2000;
    run.omitted = { count: 1000, upTo: firstStep - 1 };
    const seqs = { firstSeq: firstStep * 10, lastSeq: lastStep * 10 };
    return { run, events, problems: [], part: { hasEarlier: true, hasLater: false, isWhole: true, ...seqs, ...part } };
  };
  return { runs: new ShownRuns(read), asked };
}

describe("the runs that are shown", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("are read once, and again when they changed", async () => {
    const { runs, asked } = openRuns();
    const first = await runs.get("/a");
    expect(await runs.get("/a")).toBe(first);
    runs.forget(["/a", "/b"]);
    await runs.get("/a");
    expect(asked).toEqual([
      ["/a", { steps: 100 }],
      ["/a", { steps: 100 }],
    ]);
  });

  it("are kept all while they are drawn, and a moment later only the eight looked at last", async () => {
    const { runs, asked } = openRuns();
    const dirs = Array.from({ length: 50 }, (_, index) => `/run-${index}`);
    for (const dir of dirs) await runs.get(dir);
    for (const dir of dirs) await runs.get(dir);
    expect(asked).toHaveLength(50);
    vi.advanceTimersByTime(1000);
    for (const dir of dirs.slice(-8)) await runs.get(dir);
    expect(asked).toHaveLength(50);
    await runs.get("/run-0");
    expect(asked).toHaveLength(51);
    runs.dispose();
  });

  it("show the part around a step that is revealed, and nothing else where it is there already", async () => {
    const { runs, asked } = openRuns({ firstStep: 1901, lastStep: 2000 });
    expect(await runs.include("/a", { step: 1950 })).toBe(false);
    expect(await runs.include("/a", { step: 0 })).toBe(false);
    expect(await runs.include("/a", { step: 5, seq: 52 })).toBe(true);
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { step: 5, seq: 52 }]);
    // Of the run as it changed, the same part.
    runs.forget(["/a"]);
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { step: 5, seq: 52 }]);
    runs.reset("/a");
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { steps: 100 }]);
  });

  it("show an event that was cut off a step that is there", async () => {
    const { runs, asked } = openRuns({ firstStep: 1999, lastStep: 2000, isFirstCut: true });
    expect(await runs.include("/a", { step: 2000, seq: 7 })).toBe(false);
    expect(await runs.include("/a", { step: 1999 })).toBe(false);
    expect(await runs.include("/a", { step: 1999, seq: 7 })).toBe(true);
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { step: 1999, seq: 7 }]);
  });

  it("show a page more at the end that is asked for, and keep what is shown", async () => {
    const atEnd = openRuns({ firstStep: 1901, lastStep: 2000 });
    await atEnd.runs.grow("/a", "before");
    await atEnd.runs.get("/a");
    expect(atEnd.asked.at(-1)).toEqual(["/a", { steps: 600 }]);
    const inside = openRuns({ firstStep: 1, lastStep: 500, hasLater: true });
    await inside.runs.grow("/a", "after");
    await inside.runs.get("/a");
    expect(inside.asked.at(-1)).toEqual(["/a", { step: 1, seq: 10, edge: "first", steps: 1000 }]);
    await inside.runs.grow("/a", "before");
    await inside.runs.get("/a");
    expect(inside.asked.at(-1)).toEqual(["/a", { step: 500, seq: 5000, edge: "last", steps: 1500 }]);
  });

  it("move on, rather than grow, when very many are shown", async () => {
    const { runs, asked } = openRuns({ firstStep: 5001, lastStep: 10_000, hasLater: true });
    for (let pages = 2; pages <= 10; pages += 1) await runs.grow("/a", "before");
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { step: 10_000, seq: 100_000, edge: "last", steps: 5000 }]);
    await runs.grow("/a", "before");
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { step: 5001, seq: 50_010, edge: "last" }]);
  });

  it("show fewer while they go on, as they are drawn again and again", async () => {
    const { runs, asked } = openRuns({ firstStep: 1501, lastStep: 2000 }, "running");
    const shown = await runs.get("/a");
    expect([shown?.stepsOfPart?.length, shown?.stepsOfPart?.[0]?.step]).toEqual([100, 1901]);
    expect(await runs.include("/a", { step: 1600 })).toBe(true);
    runs.reset("/a");
    await runs.grow("/a", "before");
    await runs.get("/a");
    expect(asked.at(-1)).toEqual(["/a", { steps: 600 }]);
  });

  it("that are there as a whole have no parts to ask for", async () => {
    const { runs, asked } = openRuns();
    expect(await runs.include("/a", { step: 999 })).toBe(false);
    await runs.grow("/a", "before");
    await runs.get("/a");
    expect(asked).toHaveLength(1);
  });
});
