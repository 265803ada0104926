import { describe, expect, it } from "vitest";
import { deletionOfJob, deletionOfRun, foldersOf, questionOf, runningOf } from "../../src/host/runDeletion";
import { eventsOf, finished, started, summaryOf } from "./sampleRuns";

const ended = eventsOf([started, finished]);
const job = "/work/perstack/jobs/job-1";
const parent = summaryOf(ended, { runId: "parent", startedAt: 1 });
const child = summaryOf(ended, { runId: "child", expertKey: "adds", parentRunId: "parent", startedAt: 2 });
const grandchild = summaryOf(ended, { runId: "grandchild", expertKey: "adds", parentRunId: "child", startedAt: 3 });
const sibling = summaryOf(ended, { runId: "sibling", startedAt: 4 });
const stranger = summaryOf(ended, {
  runId: "child",
  parentRunId: "parent",
  dir: "/work/perstack/jobs/job-2/runs/child",
});
const all = [sibling, grandchild, child, parent, stranger];
const idsOf = (deletion: ReturnType<typeof deletionOfRun>) => deletion?.runs.map(({ runId }) => runId);

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("There is nothing to delete.");
  return value;
}

describe("deleting a run", () => {
  it("takes with it what it delegated, however deep, and nothing of another job", () => {
    expect(idsOf(deletionOfRun(all, parent.dir))).toEqual(["parent", "child", "grandchild"]);
    expect(idsOf(deletionOfRun(all, child.dir))).toEqual(["child", "grandchild"]);
    expect(idsOf(deletionOfRun(all, sibling.dir))).toEqual(["sibling"]);
  });

  it("is no endless matter where runs claim to have delegated each other", () => {
    const a = summaryOf(ended, { runId: "a", parentRunId: "b" });
    const b = summaryOf(ended, { runId: "b", parentRunId: "a" });
    expect(idsOf(deletionOfRun([a, b], a.dir))).toEqual(["a", "b"]);
  });

  it("is deleting the job for a run that another program wrote in parts", () => {
    const foreign = { ...sibling, source: "perstack" };
    const deletion = required(deletionOfRun([parent, child, foreign], foreign.dir));
    expect(deletion.what).toBe("job");
    expect(idsOf(deletion)).toEqual(["parent", "child", "sibling"]);
    expect(deletionOfRun([parent, child, foreign], child.dir)?.what).toBe("run");
  });

  it("is nothing where the run is gone, or lies in no job", () => {
    expect(deletionOfRun(all, "/elsewhere")).toBeUndefined();
    expect(deletionOfRun([{ ...parent, dir: "/work/run" }], "/work/run")).toBeUndefined();
    expect(deletionOfJob(all, "/elsewhere")).toBeUndefined();
  });

  it("takes the job’s folder where nothing is left in it, of what cannot be read either", () => {
    const deletion = required(deletionOfRun(all, parent.dir));
    const ids = ["parent", "child", "grandchild"];
    expect(foldersOf(deletion, ids)).toEqual([job]);
    expect(foldersOf(deletion, [...ids, "damaged"])).toEqual([parent.dir, child.dir, grandchild.dir]);
    expect(foldersOf(required(deletionOfJob(all, job)), [...ids, "sibling", "damaged"])).toEqual([job]);
  });

  it("has to wait for the end of every run in it", () => {
    const running = { ...grandchild, status: "running" as const };
    const list = [parent, child, running, sibling];
    expect(runningOf(required(deletionOfRun(list, parent.dir)))).toBe(running);
    expect(runningOf(required(deletionOfJob(list, job)))).toBe(running);
    expect(runningOf(required(deletionOfRun(list, sibling.dir)))).toBeUndefined();
  });

  it("is asked with its expert, its query and what goes with it", () => {
    expect(questionOf(required(deletionOfRun(all, parent.dir)), true)).toEqual({
      message: "Delete the run of fix-the-sum?",
      detail:
        "“Run the tests. Mend what fails.”\nWith it go 2 runs that it delegated.\nYou can restore it from the trash.",
      button: "Move to Trash",
    });
    expect(questionOf(required(deletionOfRun(all, child.dir)), true).detail).toContain("With it goes 1 run that it");
    expect(questionOf(required(deletionOfRun(all, sibling.dir)), false)).toEqual({
      message: "Delete the run of fix-the-sum?",
      detail: "“Run the tests. Mend what fails.”\nThis cannot be undone: where it lies there is no trash.",
      button: "Delete",
    });
  });

  it("is asked for a job with its first query and all its runs", () => {
    const deletion = required(deletionOfJob(all, job));
    expect(idsOf(deletion)).toEqual(["parent", "child", "grandchild", "sibling"]);
    expect(questionOf(deletion, false)).toEqual({
      message: "Delete the job “Run the tests. Mend what fails.”?",
      detail: "The job has 4 runs, of fix-the-sum, adds.\nThis cannot be undone: where it lies there is no trash.",
      button: "Delete",
    });
  });
});
