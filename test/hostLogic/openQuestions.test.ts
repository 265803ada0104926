import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { openQuestions } from "../../src/host/openQuestions";
import { eventsOf, started, summaryOf } from "./sampleRuns";

const request = { toolCallId: "ask-1", skill: "user", tool: "askUser", args: {} };
const asking = (runId: string, more: Partial<RunSummary> = {}) =>
  summaryOf(eventsOf([started]), { runId, status: "stopped", inputRequests: [request], ...more });

describe("the runs that wait for an answer", () => {
  it("are those that stopped to ask", () => {
    const runs = [
      asking("a"),
      asking("b", { inputRequests: [] }),
      asking("c", { status: "running" }),
      summaryOf(eventsOf([started]), { runId: "d" }),
    ];
    expect(openQuestions(runs).map(({ runId }) => runId)).toEqual(["a"]);
  });

  it("wait no longer when their job has gone on without the answer, but do when only a fork has", () => {
    const from = (kind: "continue" | "fork", runId: string) =>
      summaryOf(eventsOf([started]), { runId: `${kind}ed`, origin: { kind, jobId: "job-1", runId } });
    const runs = [from("continue", "a"), from("fork", "b"), asking("a"), asking("b")];
    expect(openQuestions(runs).map(({ runId }) => runId)).toEqual(["b"]);
  });
});
