/** What the Runs view shows of other systems: groups, nodes, files, and what cannot be read; and what it does not offer. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { placeOfRun } from "../../src/app/placeOfRun";
import type { RunGroup, RunSource, RunSummary } from "../../src/app/runIndex";
import { failedExperts } from "../../src/host/diagnostics/lastRuns";
import { parseAddress, partsOfAddress } from "../../src/host/documents/runAddress";
import { isAsking } from "../../src/host/openQuestions";
import { deletionOfRun } from "../../src/host/runDeletion";
import { resolveRunFolders } from "../../src/host/runFolderPaths";
import { documentRow, groupRow, sourceRow } from "../../src/host/views/groupRows";
import { lastRunOf } from "../../src/host/views/lastRun";
import { forestOf, rootOfTop } from "../../src/host/views/runForest";
import { RunNodes } from "../../src/host/views/runNodes";
import { jobRow, runRow, runTooltip } from "../../src/host/views/runRows";
import { jobKeyOf, parentNodeOfRun } from "../../src/host/views/runTree";
import { checkpointRow, itemRow, problemRow, stepRow } from "../../src/host/views/stepRows";
import type { EventPayload } from "../../src/model/events";
import type { Step } from "../../src/model/run";
import { eventsOf, failed, finished, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const moment = { now: 1_770_000_009_000, waiting: new Set<string>() };
const place = { root: "/logs", source: "conductor", sourceLabel: "Conductor Loop" };
const project: RunGroup = {
  id: "/logs/shop",
  label: "shop",
  documents: [{ label: "Message bus", file: "/logs/shop/BUS.md" }],
};
const task = (name: string, state?: string): RunGroup => ({
  ...{ id: `/logs/shop/${name}`, label: name, documents: [] },
  ...(state && { state }),
});

function foreign(runId: string, more: Partial<RunSummary> = {}): RunSummary {
  return summaryOf(eventsOf([started, ...recovering, finished], runId), {
    ...place,
    runId,
    dir: `/logs/${runId}`,
    ...more,
  });
}

const usage = { inputTokens: 1000, outputTokens: 200, totalTokens: 1200 };

/** A workflow's run: cached, executed for two items of which one failed, skipped, and one that nothing says anything of. */
const workflow: (EventPayload & { step: number })[] = [
  { step: 1, type: "readyNode", node: "list", phase: "gather" },
  { step: 1, type: "finishNode", node: "list", phase: "gather", isCached: true, usage },
  { step: 2, type: "startNode", node: "review", iteration: 1 },
  { step: 2, type: "startNode", node: "review", iteration: 2 },
  { step: 2, type: "finishNode", node: "review", iteration: 1, usage },
  { step: 2, type: "failNode", node: "review", iteration: 2, reason: "no notes" },
  { step: 3, type: "skipNode", node: "publish", reason: "review failed" },
  { step: 4, type: "skipNode", node: "tell", reason: "publish was skipped", isInferred: true },
];
const ends: EventPayload & { step: number } = { step: 4, type: "finishRun", text: "partial" };

describe("the run of another system", () => {
  it("says which system it came from, in words too", () => {
    const run = foreign("r1");
    const [job] = forestOf([run], []).tops;
    if (job?.kind !== "job") throw new Error("There is no job.");
    const row = jobRow(job.job, moment);
    expect(row.description).toMatch(/^Conductor Loop · /);
    expect(row.spoken).toContain("Conductor Loop");
    expect(runRow(run, moment).spoken).toContain("Conductor Loop");
    expect(runTooltip(run)).toContainEqual(["Recorded by", "Conductor Loop"]);
  });

  it("is offered to be looked at and copied, and nothing that would go on with it or delete it", () => {
    const run = summaryOf(eventsOf([started, ...recovering, failed]), { ...place, dir: "/logs/r1" });
    expect(runRow(run, moment).context).toEqual(["run", "hasFailure", "failed"]);
    expect(deletionOfRun([run], run.dir)).toBeUndefined();
    const own = { ...run, dir: "/logs/perstack/jobs/j/runs/r" };
    expect(deletionOfRun([own], own.dir)).toBeUndefined();
    const loaded = runFrom(eventsOf([started, ...recovering, failed]));
    const [step] = loaded.steps;
    if (!step) throw new Error("There is no step.");
    expect(stepRow(loaded, step, moment, true).context).not.toContain("retryable");
    expect(checkpointRow(loaded, step, true).context).toEqual(["checkpoint"]);
    const jobs = forestOf([run], []).tops.map((top) => top.kind === "job" && jobRow(top.job, moment, true).context);
    expect(jobs).toEqual([expect.arrayContaining(["job", "opened", "someFailed"])]);
    expect(jobs).not.toEqual([expect.arrayContaining(["settled"])]);
  });

  it("of the same name as an expert of the workspace is not taken for a run of it", () => {
    const events = eventsOf([started, ...recovering, failed]);
    const run = summaryOf(events, { ...place, dir: "/logs/r1" });
    expect(lastRunOf([run], "/work/perstack.toml", run.expertKey)).toBeUndefined();
    expect(failedExperts([run])).toEqual([]);
    const asks = {
      ...run,
      status: "stopped" as const,
      stopReason: "input",
      inputRequests: [{ toolCallId: "c", skill: "s", tool: "t", args: {} }],
    };
    expect(isAsking(asks)).toBe(false);
    expect(runRow(asks, moment).context).not.toContain("input");
  });

  it("that says it finished though a node of it failed is shown with a warning, in words", () => {
    const row = runRow(summaryOf(eventsOf([started, ...workflow, ends]), place), moment);
    expect(row.icon.id).toBe("warning");
    expect(row.description).toMatch(/^finished, though a part failed/);
    expect(row.context).toContain("failed");
    expect(runRow(summaryOf(eventsOf([started, ...recovering, finished])), moment).icon.id).toBe("pass");
  });

  it("leaves out what is not known instead of showing a zero", () => {
    const untimed = { ...foreign("r1", { status: "unknown" }), startedAt: 0 };
    const { usage: _, cost: __, finishedAt: ___, ...rest } = untimed;
    const row = runRow(rest, moment);
    expect(row.description).toBe("status unknown");
    const [top] = forestOf([rest], []).tops;
    expect(top?.kind === "job" && jobRow(top.job, moment).description).toBe("Conductor Loop");
    const run = runFrom(
      eventsOf([
        started,
        { step: 1, type: "startToolCall", toolCallId: "c", skill: "s", tool: "t", args: {} },
        { step: 1, type: "finishToolCall", toolCallId: "c", skill: "s", tool: "t", isError: false, result: [] },
      ]),
    );
    const [step] = run.steps;
    const item = step?.items[0];
    expect(step && item && itemRow(run, step, item).description).toBe("");
  });

  it("names the run it was started again from by more than the day of its id", () => {
    const origin = { kind: "restart" as const, jobId: "j", runId: "20261121-0925400000-4711-1" };
    expect(runRow(foreign("r2", { origin }), moment).description).toContain("restart of 20261121-0925400000-4711-1");
  });

  it("keeps its address, also where it shares a file with others", () => {
    const dir = "/logs/c#/trace.jsonl#run 1";
    for (const address of [
      { view: "log" as const, dir },
      { view: "item" as const, dir, step: 2, seq: 7 },
    ]) {
      expect(parseAddress(partsOfAddress(address, { expertKey: "e", runId: "run 1" }))).toEqual(address);
    }
    expect(placeOfRun(dir, "run 1")).toBe("/logs/c#/trace.jsonl");
    expect(placeOfRun("/logs/c#/trace.jsonl", "run 1")).toBe("/logs/c#/trace.jsonl");
  });
});

describe("a step that is about a node", () => {
  const run = runFrom(eventsOf([started, ...workflow, ends]));
  const rows = run.steps.map((step) => stepRow(run, step, moment));
  const items = ({ items }: Step) => items.map((item) => itemRow(run, { step: 2, startedAt: 0, items }, item));

  it("has its name, its phase, and the icon of how it stands", () => {
    expect(rows.map(({ label, icon }) => [label, icon.id])).toEqual([
      ["list", "archive"],
      ["review", "circle-slash"],
      ["publish", "debug-step-over"],
      ["tell", "debug-step-over"],
    ]);
    expect(rows[0]?.description).toBe("gather · cached");
    expect(rows[1]?.description).toMatch(/^2 times · no notes · .* · 1\.2k tokens$/);
    expect(rows.slice(2).map(({ description }) => description)).toEqual([
      "skipped · review failed",
      "never ran · publish was skipped",
    ]);
    expect(rows[3]?.spoken).toContain("Step 4: tell · skipped");
  });

  it("has a row for each item that it was executed for, and counts nothing twice", () => {
    const [first, second] = run.steps;
    if (!first || !second) throw new Error("There are no steps.");
    expect(items(first)).toMatchObject([{ label: "list", description: "cached · 1.2k tokens, not counted again" }]);
    expect(items(second).map(({ label, icon }) => [label, icon.id])).toEqual([
      ["review #1", "pass"],
      ["review #2", "circle-slash"],
    ]);
    expect(run.usage?.totalTokens).toBe(1200);
  });

  it("that began in a run nobody goes on with may or may not have ended", () => {
    const left = runFrom(eventsOf([started, { step: 1, type: "startNode", node: "build" }]));
    const [step] = left.steps;
    if (!step) throw new Error("There is no step.");
    expect(stepRow(left, step, moment)).toMatchObject({ icon: { id: "loading~spin" } });
    const row = stepRow({ ...left, status: "unknown" }, step, moment);
    expect(row).toMatchObject({ icon: { id: "question" }, description: "" });
  });
});

describe("groups of runs", () => {
  const first = foreign("first", { groups: [project, task("mend", "done")], startedAt: 3 });
  const second = foreign("second", { groups: [project, task("test")], startedAt: 2, status: "failed" });
  const queued: RunSource = {
    path: "/logs/shop/next",
    ...place,
    problems: [],
    groups: [[project, task("next", "queued, place 1")]],
  };
  const forest = forestOf([first, second], [queued]);
  const [top] = forest.tops;
  if (top?.kind !== "group") throw new Error("There is no group.");

  it("hold their tasks, those without a run last, each with how it stands", () => {
    expect(forest.tops).toHaveLength(1);
    expect(rootOfTop(top)).toBe("/logs");
    expect(top.group.groups.map(({ group }) => group.label)).toEqual(["mend", "test", "next"]);
    const row = groupRow(top.group, moment, true);
    expect(row).toMatchObject({
      label: "shop",
      description: "Conductor Loop · 3 tasks · 1 failed",
      context: ["group", "opened"],
    });
    const tasks = top.group.groups.map((each) => groupRow(each, moment, false));
    expect(tasks.map(({ icon }) => icon.id)).toEqual(["pass", "error", "circle-large-outline"]);
    expect(tasks[0]?.description).toMatch(/^done · 1 run/);
    expect(tasks[2]).toMatchObject({ description: "queued, place 1 · 0 runs", children: "none" });
  });

  it("are what their runs and files hang under", () => {
    const nodes = new RunNodes();
    const group = nodes.group(jobKeyOf(first));
    expect(parentNodeOfRun(first, undefined, nodes)).toBe(group);
    const [document] = nodes.documentsOf(group, project.documents);
    expect(document).toMatchObject({ kind: "document", file: "/logs/shop/BUS.md", owner: group });
    expect(nodes.documentsOf(group, project.documents)[0]).toBe(document);
    if (document) nodes.list(group, [document]);
    nodes.list(group, []);
    expect(nodes.documentsOf(group, project.documents)[0]).not.toBe(document);
  });

  it("do not mix what different systems and places give the same id", () => {
    const same = [
      foreign("a"),
      foreign("b", { source: "runner" }),
      foreign("c", { root: "/other" }),
      summaryOf(eventsOf([started])),
    ];
    expect(new Set(same.map(jobKeyOf)).size).toBe(4);
    expect(forestOf(same, []).tops).toHaveLength(4);
  });
});

describe("what is beside the runs", () => {
  it("is a file with its name, or a place with what is wrong there", () => {
    expect(documentRow({ label: "Prompt", file: "/logs/r/prompt.md" })).toMatchObject({
      label: "Prompt",
      description: "prompt.md",
    });
    const problems = [{ file: "/logs/x/run-info.yaml", line: 3, column: 7, reason: "Not YAML." }];
    const source: RunSource = { path: "/logs/x", ...place, problems, groups: [] };
    expect(sourceRow(source, true)).toMatchObject({
      ...{ label: "x", description: "Conductor Loop · Not YAML.", context: ["source", "opened"] },
    });
    expect(forestOf([], [source]).tops).toEqual([{ kind: "source", source }]);
    expect(problemRow({ file: "/logs/x/run-info.yaml", line: 3, column: 7, reason: "Not YAML." }).description).toBe(
      "/logs/x/run-info.yaml:3:7",
    );
  });
});

describe("the setting for run folders", () => {
  it("takes absolute paths, the home folder, and paths in each workspace folder", () => {
    const root = (path: string, isAsked = true) => ({ path, isAsked });
    expect(resolveRunFolders(["/logs/", "~/runs", "~", " ", 3, "out/../logs"], "/home/me", ["/work"])).toEqual([
      ...[root("/logs"), root(join("/home/me", "runs")), root("/home/me"), root("/work/logs")],
    ]);
    expect(resolveRunFolders(["logs"], "/home/me", ["/a", "/b"])).toEqual([
      root("/a/logs", false),
      root("/b/logs", false),
    ]);
    expect(resolveRunFolders("logs", "/home/me", ["/a"])).toEqual([]);
  });
});
