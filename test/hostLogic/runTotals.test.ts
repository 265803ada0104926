import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { sumOf, totalsOf } from "../../src/host/views/runTotals";
import { eventsOf, finished, started, summaryOf } from "./sampleRuns";

const used = (tokens: number) => ({ inputTokens: tokens, outputTokens: 0, totalTokens: tokens });

function going(runId: string, own: number, more: Partial<RunSummary> = {}): RunSummary {
  const spending = { own: used(own), ownCost: own / 1000, delegates: {} };
  return summaryOf(eventsOf([started]), { runId, usage: used(own), cost: own / 1000, spending, ...more });
}

describe("what a run has used", () => {
  it("is its own part and its delegates', at every depth, while they go on", () => {
    const grandchild = going("grandchild", 5, { parentRunId: "child" });
    const child = going("child", 20, { parentRunId: "parent" });
    const ended = summaryOf(eventsOf([started, finished]), { runId: "ended", parentRunId: "parent" });
    const parent = going("parent", 100);
    const runs = [grandchild, ended, child, parent];
    expect(totalsOf(child, runs)).toMatchObject({ usage: { totalTokens: 25 } });
    expect(totalsOf(parent, runs).usage?.totalTokens).toBe(100 + 25 + (ended.usage?.totalTokens ?? Number.NaN));
    expect(totalsOf(parent, runs).cost).toBeCloseTo(0.125 + (ended.cost ?? 0));
  });

  it("counts a delegate once that has been told of, and one whose run is gone", () => {
    const told = { child: { usage: used(20), cost: 0.02 }, gone: { usage: used(7), cost: 0.007 } };
    const parent = going("parent", 100, { spending: { own: used(100), ownCost: 0.1, delegates: told } });
    const child = going("child", 20, { parentRunId: "parent" });
    expect(totalsOf(parent, [child, parent]).usage?.totalTokens).toBe(127);
  });

  it("costs an unknown amount where a part of it does", () => {
    const spending = { own: used(20), isPriceMissing: true as const, delegates: {} };
    const child = going("child", 20, { parentRunId: "parent", spending });
    expect(totalsOf(going("parent", 100), [child]).cost).toBeUndefined();
    expect(sumOf([going("parent", 100), child], []).cost).toBeUndefined();
  });

  it("is what the run says itself once it has ended", () => {
    const ended = summaryOf(eventsOf([started, finished]), { runId: "parent" });
    expect(totalsOf(ended, [going("child", 50, { parentRunId: "parent" }), ended]).usage).toEqual(ended.usage);
  });

  it("ends where runs claim to have delegated to each other", () => {
    const [a, b] = [going("a", 1, { parentRunId: "b" }), going("b", 2, { parentRunId: "a" })];
    expect(totalsOf(a, [a, b]).usage?.totalTokens).toBe(3);
  });
});
