import { describe, expect, it } from "vitest";
import { jobRow, runRow } from "../../src/host/views/runRows";
import { jobsOf } from "../../src/host/views/runTree";
import { checkpointRow, itemRow, problemRow, stepRow } from "../../src/host/views/stepRows";
import type { EventPayload } from "../../src/model/events";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const asks: EventPayload & { step: number } = {
  step: 1,
  type: "requestInput",
  ...{ toolCallId: "ask-1", skill: "user", tool: "askUser", args: { question: "Which colour?" } },
};
const stopsForInput: EventPayload & { step: number } = {
  step: 1,
  type: "stopRun",
  reason: "input",
  totalUsage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
  durationMs: 1,
};
const moment = { now: 1_770_000_009_000, waiting: new Set<string>() };

describe("a run's row", () => {
  it("leaves the word to the icon when all went well, and says it to a screen reader", () => {
    const row = runRow(summaryOf(eventsOf([started, ...recovering, finished])), moment);
    expect(row.label).toBe("fix-the-sum");
    expect(row.description).toBe("6.0 s · 1.0k tokens · $0.0100");
    expect(row.icon).toEqual({ id: "pass", color: "testing.iconPassed" });
    expect(row.spoken).toContain("finished");
    expect(row.children).toBe("collapsed");
  });

  it("offers the way to the failing step where it failed, not where it recovered", () => {
    const bad = runRow(summaryOf(eventsOf([started, ...recovering, failed])), moment);
    expect(bad.description).toContain("failed");
    expect(bad.context).toEqual([
      ...["run", "ended", "hasFailure", "failed"],
      ...["continuable", "resumable", "retryable", "forkable"],
    ]);
    const good = runRow(summaryOf(eventsOf([started, ...recovering, finished])), moment);
    expect(good.context).toEqual(["run", "ended", "hasFailure", "continuable", "retryable", "forkable"]);
  });

  it("spins, ticks and can be stopped while it goes on here", () => {
    const summary = summaryOf(eventsOf([started]), { isHere: true });
    const row = runRow(summary, moment);
    expect(row.icon.id).toBe("loading~spin");
    expect(row.description).toBe("9.0 s");
    expect(row.context).toContain("active");
    expect(row.children).toBe("expanded");
  });

  it("cannot be stopped from here where another process runs it", () => {
    expect(runRow(summaryOf(eventsOf([started])), moment).context).toEqual(["run"]);
  });

  it("shows that it waits for an approval", () => {
    const summary = summaryOf(eventsOf([started]), { isHere: true });
    const row = runRow(summary, { ...moment, waiting: new Set(["run-1"]) });
    expect(row.description).toMatch(/^waits for approval/);
    expect(row.context).toContain("waiting");
    expect(row.spoken).toContain("waits for approval");
  });

  it("says that it was cancelled, and does not count that as a failure", () => {
    const stop = {
      step: 1,
      type: "stopRun" as const,
      reason: "cancelled" as const,
      totalUsage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
      durationMs: 1,
    };
    const row = runRow(summaryOf(eventsOf([started, stop])), moment);
    expect(row.description).toMatch(/^cancelled/);
    expect(row.context).toEqual(["run", "ended", "continuable", "resumable", "forkable"]);
  });

  it("waits for its turn without a clock that runs", () => {
    const row = runRow(summaryOf(eventsOf([started]), { isHere: true, isQueued: true, steps: 0 }), moment);
    expect(row).toMatchObject({ description: "waits for its turn", icon: { id: "watch" }, children: "none" });
    expect(row.context).toEqual(["run", "queued", "active"]);
  });

  it("waits for an answer, and can be answered rather than gone on with", () => {
    const row = runRow(summaryOf(eventsOf([started, asks, stopsForInput])), moment);
    expect(row.description).toMatch(/^waits for your answer · /);
    expect(row.icon).toEqual({ id: "comment-unresolved", color: "charts.yellow" });
    expect(row.context).toEqual(["run", "input", "ended", "forkable"]);
    expect(row.spoken).toContain("waits for your answer");
  });

  it("says which run it came from", () => {
    const origin = { kind: "fork" as const, jobId: "job-0", runId: "abcdefghij", checkpointId: "c" };
    const row = runRow(summaryOf(eventsOf([{ ...started, origin }, finished])), moment);
    expect(row.description).toMatch(/ · fork of abcdefgh$/);
    expect(row.context).toContain("hasOrigin");
    expect(row.spoken).toContain("fork of abcdefgh");
  });

  it("of a delegate is not gone on with: its coordinator is", () => {
    const row = runRow(summaryOf(eventsOf([started, ...recovering, failed]), { parentRunId: "parent" }), moment);
    expect(row.context).toEqual(["run", "ended", "hasFailure", "failed", "forkable"]);
  });

  it("shows what it has used by now with its delegates", () => {
    const usage = { inputTokens: 4000, outputTokens: 1000, totalTokens: 5000 };
    const row = runRow(summaryOf(eventsOf([started]), { isHere: true }), moment, { usage, cost: 0.5 });
    expect(row.description).toBe("9.0 s · 5.0k tokens · $0.5000");
  });
});

describe("a job's row", () => {
  it("is named by the query on one line and has the state of its newest run", () => {
    const [job] = jobsOf([
      summaryOf(eventsOf([started, failed])),
      summaryOf(eventsOf([started, finished]), { runId: "run-0" }),
    ]);
    if (!job) throw new Error("There is no job.");
    const row = jobRow(job, moment);
    expect(row.label).toBe("Run the tests. Mend what fails.");
    expect(row.icon.id).toBe("error");
    expect(row.context).toEqual(["job", "settled", "someFailed"]);
    expect(job.runs).toHaveLength(2);
  });
});

describe("the rows of a step", () => {
  const run = runFrom(eventsOf([started, ...recovering, failed]));
  const [first, second] = run.steps;
  if (!first || !second) throw new Error("There are not two steps.");

  it("names the tools and marks what it recovered from", () => {
    const row = stepRow(run, first, moment);
    expect(row.label).toBe("Step 1");
    expect(row.description).toBe("exec · 4.0 s · 1.0k tokens");
    expect(row.icon.id).toBe("warning");
    expect(row.spoken).toContain("failed, recovered");
  });

  it("marks the step that the run ended with", () => {
    expect(stepRow(run, second, moment).icon.id).toBe("error");
  });

  it("tells a call by what it was about and how it went", () => {
    const [generation, call] = first.items;
    if (!generation || !call) throw new Error("There are not two items.");
    expect(itemRow(run, first, call)).toMatchObject({
      label: "exec",
      description: "npm test · failed · 1.0 s",
      context: ["item", "toolCall", "recovered"],
    });
    expect(itemRow(run, first, generation)).toMatchObject({
      label: "Generation",
      description: "I run the tests. · 1.0 s · 1.0k tokens",
      children: "none",
    });
  });
});

describe("the other rows", () => {
  it("show a step that asked as waiting, in the words of the question", () => {
    const run = runFrom(eventsOf([started, asks, stopsForInput]));
    const [step] = run.steps;
    const [item] = step?.items ?? [];
    if (!step || !item) throw new Error("There is no step.");
    expect(stepRow(run, step, moment)).toMatchObject({ icon: { id: "comment-unresolved" } });
    expect(stepRow(run, step, moment).description).toContain("asks “Which colour?”");
    expect(itemRow(run, step, item)).toMatchObject({
      label: "asks “Which colour?”",
      icon: { id: "comment-unresolved" },
    });
  });

  it("gather what happened before the first step", () => {
    const connect = { type: "connectSkill" as const, skill: "search", transport: "stdio", durationMs: 5, step: 0 };
    const run = runFrom(eventsOf([started, connect, ...recovering, finished]));
    const row = stepRow(run, { step: 0, startedAt: 0, items: run.preparation }, moment);
    expect(row).toMatchObject({ label: "Skills", description: "1 connected", context: ["preparation"] });
  });

  it("offer what failed again where it did, and a delegate's checkpoint for a fork only", () => {
    const run = runFrom(eventsOf([started, ...recovering, failed]));
    const [first] = run.steps;
    if (!first) throw new Error("There is no step.");
    expect(stepRow(run, first, moment).context).toContain("retryable");
    expect(checkpointRow(run, first).context).toEqual(["checkpoint", "own"]);
    expect(checkpointRow({ ...run, parent: { runId: "p" } }, first).context).toEqual(["checkpoint", "delegated"]);
    expect(stepRow({ ...run, parent: { runId: "p" } }, first, moment).context).not.toContain("retryable");
  });
});

describe("a row for what cannot be read", () => {
  it("says why and where", () => {
    const row = problemRow({ file: "/work/events.jsonl", line: 3, reason: "not\nJSON" });
    expect(row).toMatchObject({ label: "not JSON", description: "/work/events.jsonl:3" });
  });
});
