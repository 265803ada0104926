import { describe, expect, it } from "vitest";
import { failedExperts } from "../../src/host/diagnostics/lastRuns";
import { filesOf } from "../../src/host/sources";
import { lastRunOf, queriesOf } from "../../src/host/views/lastRun";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const bad = summaryOf(eventsOf([started, failed]), { runId: "bad" });
const good = summaryOf(eventsOf([started, finished]), { runId: "good" });
const going = summaryOf(eventsOf([started]), { runId: "going" });
const cancelled = { ...going, runId: "cancelled", status: "stopped" as const, stopReason: "cancelled" };

describe("the experts whose last run failed", () => {
  it("are cleared by a good run", () => {
    expect(failedExperts([bad, good]).map(({ runId }) => runId)).toEqual(["bad"]);
    expect(failedExperts([good, bad])).toEqual([]);
  });

  it("stay through a run that goes on or was cancelled", () => {
    expect(failedExperts([going, cancelled, bad]).map(({ runId }) => runId)).toEqual(["bad"]);
  });

  it("count a run that reached its limit, and leave out what was delegated", () => {
    const limit = { ...going, runId: "limit", status: "stopped" as const, stopReason: "maxSteps" };
    expect(failedExperts([limit]).map(({ runId }) => runId)).toEqual(["limit"]);
    expect(failedExperts([{ ...bad, parentRunId: "parent" }])).toEqual([]);
  });

  it("are told apart by their file", () => {
    const elsewhere = { ...good, definitionPath: "/other/perstack.toml" };
    expect(failedExperts([elsewhere, bad])).toEqual([bad]);
  });
});

describe("the runs of an expert", () => {
  it("are those of its file; a run without a file may be of any", () => {
    expect(lastRunOf([good], "/work/perstack.toml", "fix-the-sum")).toBe(good);
    expect(lastRunOf([good], "/other/perstack.toml", "fix-the-sum")).toBeUndefined();
    const { definitionPath: _, ...bare } = good;
    expect(lastRunOf([bare], "/other/perstack.toml", "fix-the-sum")).toBe(bare);
  });

  it("give the earlier queries, newest first, each once, without the delegated ones", () => {
    const asked = (query: string, more = {}) => ({ ...good, query, ...more });
    const runs = [asked("b"), asked(" a "), asked("b"), asked("c", { parentRunId: "p" }), asked("  ")];
    expect(queriesOf(runs, "/work/perstack.toml", "fix-the-sum")).toEqual(["b", "a"]);
  });
});

describe("the files of a place in a run", () => {
  const run = runFrom(eventsOf([started, ...recovering, failed]));

  it("are what its tool call changed, before what it only read", () => {
    expect(filesOf(run, { step: 1, seq: 5, toolCallId: "call-1" })).toEqual(["out/report.txt"]);
  });

  it("begin with the file that the line itself names", () => {
    expect(filesOf(run, { step: 1, path: "src/sum.mjs" })).toEqual(["src/sum.mjs"]);
  });

  it("are those touched last before it, where it touched none itself", () => {
    expect(filesOf(run, { step: 2, seq: 7 })).toEqual(["out/report.txt"]);
  });
});
