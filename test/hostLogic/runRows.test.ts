import { describe, expect, it } from "vitest";
import { itemRow, jobRow, problemRow, runRow, stepRow } from "../../src/host/views/runRows";
import { jobsOf } from "../../src/host/views/runTree";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

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
    expect(bad.context).toEqual(["run", "ended", "hasFailure", "failed"]);
    const good = runRow(summaryOf(eventsOf([started, ...recovering, finished])), moment);
    expect(good.context).toEqual(["run", "ended", "hasFailure"]);
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
    expect(row.context).toEqual(["run", "ended"]);
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

describe("a row for what cannot be read", () => {
  it("says why and where", () => {
    const row = problemRow({ file: "/work/events.jsonl", line: 3, reason: "not\nJSON" });
    expect(row).toMatchObject({ label: "not JSON", description: "/work/events.jsonl:3" });
  });
});
