import { describe, expect, it } from "vitest";
import { workspaceOf } from "../../src/app/workspaceOf";
import { ListWindows } from "../../src/host/views/listWindow";
import { itemNodes, runNodes } from "../../src/host/views/runChildren";
import { forestOf } from "../../src/host/views/runForest";
import { type RunNode, RunNodes } from "../../src/host/views/runNodes";
import {
  coordinatorOf,
  delegatedRuns,
  delegatesByCall,
  jobDirOf,
  jobsOf,
  parentNodeOf,
  parentNodeOfRun,
  topRuns,
} from "../../src/host/views/runTree";
import { ShownRun } from "../../src/host/views/shownRuns";
import type { EventPayload } from "../../src/model/events";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const ended = eventsOf([started, finished]);
const parent = summaryOf(ended, { runId: "parent", startedAt: 3 });
const child = summaryOf(ended, { runId: "child", parentRunId: "parent", startedAt: 4 });
const orphan = summaryOf(ended, { runId: "orphan", parentRunId: "gone", startedAt: 2 });
const other = summaryOf(ended, { runId: "other", dir: "/work/perstack/jobs/job-2/runs/other", startedAt: 1 });

/** A call that delegates to the run `childRunId`, and its end. */
function delegating(childRunId: string, step = 1): (EventPayload & { step: number })[] {
  const call = { toolCallId: "call-1", skill: "delegate/child", tool: "child" };
  const payloads: EventPayload[] = [
    { type: "startToolCall", ...call, args: { query: "Do it" } },
    { type: "startDelegation", toolCallId: "call-1", childRunId, childExpertKey: "child", query: "Do it" },
    { type: "finishDelegation", toolCallId: "call-1", childRunId, status: "failed" },
    { type: "finishToolCall", ...call, isError: true, errorClass: "tool_error", result: [], durationMs: 1 },
  ];
  return payloads.map((payload) => ({ ...payload, step }));
}

const connecting: EventPayload & { step: number } = {
  step: 0,
  type: "connectSkill",
  skill: "search",
  transport: "stdio",
  durationMs: 20,
};

/** What the tree shows of runs that nobody delegated to. */
function contextOf(nodes: RunNodes) {
  return { forest: forestOf([], []), nodes, windows: new ListWindows(), delegatesOf: () => [] };
}

function isBelow(node: RunNode): node is Parameters<typeof parentNodeOf>[0] {
  return ["step", "item", "checkpoint", "problem"].includes(node.kind);
}

describe("the tree of runs", () => {
  it("groups runs by job, in the order of the newest", () => {
    const jobs = jobsOf([child, parent, orphan, other]);
    expect(jobs.map(({ jobDir }) => jobDir)).toEqual(["/work/perstack/jobs/job-1", "/work/perstack/jobs/job-2"]);
  });

  it("hangs a delegated run under the run that delegated, and one without it under the job", () => {
    const [job] = jobsOf([child, parent, orphan]);
    if (!job) throw new Error("There is no job.");
    expect(topRuns(job).map(({ runId }) => runId)).toEqual(["parent", "orphan"]);
    expect(delegatedRuns(job, parent).map(({ runId }) => runId)).toEqual(["child"]);
  });

  it("gives the same node for the same thing, for as long as it is shown, and keeps no others", () => {
    const nodes = new RunNodes();
    const run = nodes.run("/work/a");
    const node = nodes.step("/work/a", 2);
    nodes.list(undefined, [run]);
    nodes.list(run, [node]);
    nodes.list(node, [nodes.item("/work/a", 2, 7)]);
    expect(nodes.step("/work/a", 2)).toBe(node);
    nodes.list(run, [node, nodes.step("/work/a", 3)]);
    expect(nodes.step("/work/a", 2)).toBe(node);
    nodes.list(undefined, [nodes.run("/work/b")]);
    expect(nodes.size).toBe(1);
    expect(nodes.step("/work/a", 2)).not.toBe(node);
  });

  it("keeps a run that is shown below another row by now", () => {
    const nodes = new RunNodes();
    const [run, child, call] = [nodes.run("/work/a"), nodes.run("/work/b"), nodes.item("/work/a", 1, 3)];
    nodes.list(run, [child, call]);
    nodes.list(call, [child]);
    nodes.list(run, [call]);
    expect(nodes.run("/work/b")).toBe(child);
  });

  it("hangs a row under the node that gave it out", () => {
    const nodes = new RunNodes();
    const run = runFrom(eventsOf([connecting, started, ...recovering, failed]));
    const shown = new ShownRun({ run, events: [], problems: [{ file: "events.jsonl", reason: "torn" }] });
    const context = contextOf(nodes);
    const up = (node: Parameters<typeof parentNodeOf>[0]) => parentNodeOf(node, nodes);
    const steps = runNodes(nodes.run(parent.dir), shown, context);
    expect(steps.map((node) => (node.kind === "step" ? node.step : node.kind))).toEqual([0, 1, 2, "problem"]);
    for (const node of steps) if (isBelow(node)) expect(up(node)).toBe(nodes.run(parent.dir));
    const items = itemNodes(nodes.step(parent.dir, 1), shown, context);
    expect(items.map(({ kind }) => kind)).toEqual(["item", "item", "checkpoint"]);
    for (const node of [...items, ...itemNodes(nodes.step(parent.dir, 0), shown, context)]) {
      if (isBelow(node)) expect(up(node)).toBe(nodes.step(parent.dir, "step" in node ? node.step : -1));
    }
  });

  it("hangs a delegate's run under the call that it does, once, and there only", () => {
    const nodes = new RunNodes();
    const [job] = jobsOf([child, parent]);
    if (!job) throw new Error("There is no job.");
    const run = runFrom(eventsOf([started, ...delegating("child"), ...delegating("child", 2), { ...failed, step: 3 }]));
    const shown = new ShownRun({ run, events: [], problems: [] });
    const call = shown.callOf(child);
    expect(call).toMatchObject({ step: 2, seq: run.steps[1]?.items[0]?.seq });
    expect([...delegatesByCall(job, parent, shown)]).toEqual([[call?.seq, [child]]]);
    const item = parentNodeOfRun(child, { dir: parent.dir, caller: shown }, nodes);
    expect(item).toBe(nodes.item(parent.dir, 2, call?.seq ?? -1));
    // What began and ended the delegation is told by the call and the run below it.
    expect(itemNodes(nodes.step(parent.dir, 2), shown, contextOf(nodes))).toEqual([item]);
  });

  it("hangs one whose call is not known under the run that delegated, and others under their job", () => {
    const nodes = new RunNodes();
    const [job] = jobsOf([child, parent]);
    const caller = new ShownRun({ run: runFrom(eventsOf([started, failed])), events: [], problems: [] });
    expect(job && [...delegatesByCall(job, parent, caller)]).toEqual([[undefined, [child]]]);
    expect(job && [...delegatesByCall(job, parent, undefined)]).toEqual([[undefined, [child]]]);
    expect(parentNodeOfRun(child, { dir: parent.dir, caller }, nodes)).toBe(nodes.run(parent.dir));
    expect(parentNodeOfRun(parent, undefined, nodes)).toBe(nodes.job(jobDirOf(parent.dir)));
  });

  it("knows the run that all began with, and does not go round in circles", () => {
    const grandchild = summaryOf(ended, { runId: "grandchild", parentRunId: "child" });
    expect(coordinatorOf(grandchild, [grandchild, child, parent])).toBe(parent);
    expect(coordinatorOf(orphan, [orphan])).toBe(orphan);
    const [a, b] = [
      summaryOf(ended, { runId: "a", parentRunId: "b" }),
      summaryOf(ended, { runId: "b", parentRunId: "a" }),
    ];
    expect([a, b]).toContain(coordinatorOf(a, [a, b]));
  });

  it("knows job and workspace of a run's folder on every system", () => {
    expect(workspaceOf("/work/perstack/jobs/j/runs/r")).toBe("/work");
    expect(workspaceOf("/perstack/jobs/work/perstack/jobs/j/runs/r")).toBe("/perstack/jobs/work");
    expect(workspaceOf("C:\\work\\perstack\\jobs\\j\\runs\\r")).toBe("C:\\work");
    expect(jobDirOf("C:\\work\\perstack\\jobs\\j\\runs\\r")).toBe("C:\\work\\perstack\\jobs\\j");
  });
});
