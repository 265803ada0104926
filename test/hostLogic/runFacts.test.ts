import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { type RunChange, RunFacts } from "../../src/host/runFacts";
import { FakeRuns } from "./fakeRuns";
import { eventsOf, failed, started, summaryOf } from "./sampleRuns";

const request = { toolCallId: "ask-1", skill: "user", tool: "askUser", args: {} };
const asking = (runId: string, more: Partial<RunSummary> = {}) =>
  summaryOf(eventsOf([started]), { runId, status: "stopped", inputRequests: [request], ...more });
const going = (runId: string, more: Partial<RunSummary> = {}) =>
  summaryOf(eventsOf([started]), { runId, isHere: true, ...more });

function factsOf(runs: readonly RunSummary[]) {
  const index = new FakeRuns(runs);
  const facts = new RunFacts(index, (error) => {
    throw error;
  });
  const changes: Pick<RunChange, "isMoved" | "isStanding">[] = [];
  facts.onDidChange(({ isMoved, isStanding }) => changes.push({ isMoved, isStanding }));
  return { facts, index, changes, asked: () => facts.questions().map(({ runId }) => runId) };
}

describe("the runs that wait for an answer", () => {
  it("are those that stopped to ask, newest first", () => {
    const { asked } = factsOf([
      asking("a", { startedAt: 1 }),
      asking("b", { inputRequests: [] }),
      asking("c", { status: "running" }),
      summaryOf(eventsOf([started]), { runId: "d" }),
      asking("e", { startedAt: 2 }),
      asking("f", { root: "/elsewhere" }),
    ]);
    expect(asked()).toEqual(["e", "a"]);
  });

  it("wait no longer when their job has gone on without the answer, but do when only a fork has", () => {
    const from = (kind: "continue" | "fork", runId: string) =>
      summaryOf(eventsOf([started]), { runId: `${kind}ed`, origin: { kind, jobId: "job-1", runId } });
    const { asked, index } = factsOf([from("continue", "a"), from("fork", "b"), asking("a"), asking("b")]);
    expect(asked()).toEqual(["b"]);
    index.remove(from("continue", "a").dir);
    expect(asked().sort()).toEqual(["a", "b"]);
    index.change({ ...asking("b"), status: "running" });
    expect(asked()).toEqual(["a"]);
  });
});

describe("what is told of all runs", () => {
  it("follows each run that comes, fails and goes, without looking through the others", () => {
    const { facts, index, changes } = factsOf([going("a")]);
    expect([facts.count, facts.hasFailures]).toEqual([1, false]);
    const { lists } = index;
    index.change(summaryOf(eventsOf([started, failed]), { runId: "b" }));
    expect([facts.count, facts.hasFailures]).toEqual([2, true]);
    index.remove(going("b").dir);
    expect([facts.count, facts.hasFailures]).toEqual([1, false]);
    expect(changes).toEqual([
      { isMoved: true, isStanding: true },
      { isMoved: true, isStanding: true },
    ]);
    expect(index.lists).toBe(lists);
  });

  it("tells one step more from a run that ends, and that from one that is to be shown elsewhere", () => {
    const { index, changes } = factsOf([going("a")]);
    index.change(going("a", { steps: 7 }));
    index.change(going("a", { steps: 7, status: "finished", finishedAt: 9 }));
    index.change(going("a", { steps: 7, status: "finished", finishedAt: 9, startedAt: 5 }));
    expect(changes).toEqual([
      { isMoved: false, isStanding: false },
      { isMoved: false, isStanding: true },
      { isMoved: true, isStanding: true },
    ]);
  });

  it("knows the runs of a job as they are by now", () => {
    const { facts, index } = factsOf([going("a"), going("b", { parentRunId: "a" })]);
    index.change(going("c", { dir: "/work/perstack/jobs/job-2/runs/c" }), going("b", { steps: 3, parentRunId: "a" }));
    const steps = facts.jobOf(going("a")).map(({ runId, steps }) => [runId, steps]);
    expect(steps.sort()).toEqual([
      ["a", 0],
      ["b", 3],
    ]);
  });
});
