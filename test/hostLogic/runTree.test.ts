import { describe, expect, it } from "vitest";
import {
  delegatedRuns,
  jobDirOf,
  jobsOf,
  parentOf,
  RunNodes,
  topRuns,
  workspaceOf,
} from "../../src/host/views/runTree";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const ended = eventsOf([started, finished]);
const parent = summaryOf(ended, { runId: "parent", startedAt: 3 });
const child = summaryOf(ended, { runId: "child", parentRunId: "parent", startedAt: 4 });
const orphan = summaryOf(ended, { runId: "orphan", parentRunId: "gone", startedAt: 2 });
const other = summaryOf(ended, { runId: "other", dir: "/work/perstack/jobs/job-2/runs/other", startedAt: 1 });

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

  it("gives the same node for the same thing, for as long as the run is there", () => {
    const nodes = new RunNodes();
    const node = nodes.step("/work/a", 2);
    expect(nodes.step("/work/a", 2)).toBe(node);
    nodes.retain(new Set(["/work/b"]), new Set());
    expect(nodes.step("/work/a", 2)).not.toBe(node);
  });

  it("finds the parent of every child that it gives out", () => {
    const nodes = new RunNodes();
    const run = runFrom(eventsOf([started, ...recovering, failed]));
    const loaded = { run, events: [], problems: [{ file: "events.jsonl", reason: "torn" }] };
    const runs = [child, parent];
    const find = (dir: string) => runs.find((each) => each.dir === dir);
    const up = (node: Parameters<typeof parentOf>[0]) => parentOf(node, nodes, find, () => runs);
    for (const node of nodes.stepsOf(parent.dir, loaded)) expect(up(node)).toBe(nodes.run(parent.dir));
    const items = nodes.itemsOf(parent.dir, 1, loaded);
    expect(items.map(({ kind }) => kind)).toEqual(["item", "item", "checkpoint"]);
    for (const node of items) expect(up(node)).toBe(nodes.step(parent.dir, 1));
    expect(up(nodes.run(child.dir))).toBe(nodes.run(parent.dir));
    expect(up(nodes.run(parent.dir))).toBe(nodes.job(jobDirOf(parent.dir)));
    expect(up(nodes.job(jobDirOf(parent.dir)))).toBeUndefined();
  });

  it("knows job and workspace of a run's folder on every system", () => {
    expect(workspaceOf("/work/perstack/jobs/j/runs/r")).toBe("/work");
    expect(workspaceOf("C:\\work\\perstack\\jobs\\j\\runs\\r")).toBe("C:\\work");
    expect(jobDirOf("C:\\work\\perstack\\jobs\\j\\runs\\r")).toBe("C:\\work\\perstack\\jobs\\j");
  });
});
