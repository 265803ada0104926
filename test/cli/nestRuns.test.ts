import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { nestRuns } from "../../src/cli/nestRuns";
import { noUsage } from "../../src/model/addUsage";

function run(runId: string, parentRunId?: string, jobId = "job"): RunSummary {
  return {
    ...{ dir: `/${jobId}/${runId}`, jobId, runId, expertKey: "demo", query: "", status: "finished", startedAt: 1 },
    ...{ usage: noUsage, steps: 1, isHere: false, ...(parentRunId !== undefined && { parentRunId }) },
  };
}

const shape = (...runs: RunSummary[]) =>
  nestRuns(runs).map(({ run: { runId }, depth }) => `${"  ".repeat(depth)}${runId}`);

describe("runs in a list", () => {
  it("stand newest first, delegates behind their caller in the order they were called", () => {
    expect(shape(run("b"), run("a2", "a"), run("deep", "a1"), run("a1", "a"), run("a"))).toEqual([
      ...["b", "a", "  a1", "    deep", "  a2"],
    ]);
  });

  it("stand alone where their caller is not in the list, or in another job", () => {
    expect(shape(run("child", "gone"), run("other", "a", "elsewhere"), run("a"))).toEqual(["child", "other", "a"]);
  });

  it("are all there once, though they call each other in a circle", () => {
    expect(shape(run("a", "b"), run("b", "a"), run("self", "self"))).toEqual(["a", "  b", "self"]);
  });
});
