import { describe, expect, it } from "vitest";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { formatDetails } from "../../src/model/itemText";
import { countSteps } from "../../src/model/nodeItems";
import { type NodeItem, type Run, runOf } from "../../src/model/run";
import { stateChanges } from "../../src/model/stateChanges";

const start: EventPayload = { type: "startRun", query: "" };

/** A second between the events; the step of each stands before it. */
function told(...parts: (readonly [step: number, payload: EventPayload])[]): Run {
  const events = [[0, start] as const, ...parts].map(
    ([step, payload], index): RunEvent => ({
      ...{
        id: `e${index}`,
        timestamp: 1000 * (index + 1),
        jobId: "j",
        runId: "r",
        seq: index + 1,
        expertKey: "x",
        step,
      },
      ...payload,
    }),
  );
  const run = runOf(events);
  if (!run) throw new Error("No run.");
  return run;
}

function nodesOf({ steps }: Run): (Partial<NodeItem> & { step: number })[] {
  return steps.flatMap(({ step, items }) => items.flatMap((item) => (item.kind === "node" ? [{ ...item, step }] : [])));
}

describe("the nodes of a workflow", () => {
  it("are the items of their steps, which end with them, however they overlap", () => {
    const run = told(
      [1, { type: "readyNode", node: "a", phase: "scan" }],
      [2, { type: "readyNode", node: "b" }],
      [1, { type: "startNode", node: "a" }],
      [2, { type: "startNode", node: "b" }],
      [2, { type: "finishNode", node: "b", usage: { inputTokens: 2, outputTokens: 1, totalTokens: 3 } }],
      [1, { type: "failNode", node: "a", reason: "boom", class: "timeout" }],
    );
    expect(run.steps.map(({ node, finishedAt }) => [node, finishedAt])).toEqual([
      ["a", 7000],
      ["b", 6000],
    ]);
    expect(nodesOf(run)).toMatchObject([
      { step: 1, node: "a", phase: "scan", state: "failed", reason: "boom", startedAt: 4000, finishedAt: 7000 },
      { step: 2, node: "b", state: "finished", startedAt: 5000, usage: { totalTokens: 3 } },
    ]);
    expect(run.usage?.totalTokens).toBe(3);
    expect(run.failures).toMatchObject([{ step: 1, grade: "blocked", class: "timeout", reason: "a: boom" }]);
  });

  it("have an item for each of their executions", () => {
    const run = told(
      ...[1, 2].map((iteration) => [1, { type: "startNode", node: "each", iteration }] as const),
      [1, { type: "finishNode", node: "each", iteration: 2 }],
      [1, { type: "failNode", node: "each", iteration: 1, reason: "no" }],
    );
    expect(nodesOf(run).map(({ iteration, state }) => [iteration, state])).toEqual([
      [1, "failed"],
      [2, "finished"],
    ]);
    expect(run.failures[0]?.reason).toBe("each #1: no");
  });

  it("are not paid for again when an earlier result is taken", () => {
    const usage = { inputTokens: 5, outputTokens: 5, totalTokens: 10 };
    const run = told(
      [1, { type: "readyNode", node: "a" }],
      [1, { type: "finishNode", node: "a", isCached: true, usage }],
    );
    expect(nodesOf(run)).toMatchObject([{ state: "finished", isCached: true, usage }]);
    expect(nodesOf(run)[0]).not.toHaveProperty("startedAt");
    expect(run).not.toHaveProperty("usage");
  });

  it("count as steps only where something was done", () => {
    const run = told(
      [1, { type: "startNode", node: "a" }],
      [2, { type: "skipNode", node: "b", reason: "predecessor failed" }],
      [3, { type: "readyNode", node: "c" }],
    );
    expect([run.steps.length, countSteps(run)]).toEqual([3, 1]);
  });

  it("that fail at a gate which ends the run have failed once; those tried again have recovered", () => {
    const gate = { type: "failNode", node: "check", reason: "not met", class: "hard_gate_failed" } as const;
    const error = {
      name: "Gate",
      message: "Hard gate failed: check",
      class: "hard_gate_failed",
      isRetryable: false,
    } as const;
    const run = told(
      [1, { type: "startNode", node: "load", iteration: 1 }],
      [1, { type: "failNode", node: "load", iteration: 1, reason: "busy", class: "transient_io" }],
      [1, { type: "retryNode", node: "load", iteration: 2 }],
      [2, gate],
      [2, { type: "failGate", gate: "check" }],
      [2, { type: "errorRun", error }],
    );
    expect(run.failures).toMatchObject([
      { step: 1, grade: "recovered", class: "transient_io" },
      { step: 2, grade: "fatal", class: "hard_gate_failed", reason: "Hard gate failed: check" },
    ]);
  });
});

describe("the state of a workflow", () => {
  it("is told as what stood there before the run and what it left", () => {
    const run = told(
      [1, { type: "writeState", node: "a", field: "list", previous: [], value: [1] }],
      [2, { type: "writeState", node: "b", field: "list", previous: [1], value: [1, 2] }],
      [2, { type: "writeState", node: "b", field: "unseen" }],
    );
    expect(stateChanges(run)).toEqual([
      { field: "list", before: [], after: [1, 2], nodes: ["a", "b"] },
      { field: "unseen", nodes: ["b"] },
    ]);
    const text = formatDetails({ run, events: [] }, { view: "run" });
    expect(text).toContain("### list · written by a, b\n\n```diff\n- []\n+ [\n+   1,\n+   2\n+ ]\n```");
    expect(text).toContain("### unseen · written by b\n\nIts values are not recorded.");
  });
});
