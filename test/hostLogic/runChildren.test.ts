import { describe, expect, it } from "vitest";
import type { LoadedRun, RunSummary } from "../../src/app/runIndex";
import { type Direction, ListWindows } from "../../src/host/views/listWindow";
import { moreRow } from "../../src/host/views/moreRow";
import {
  type ChildContext,
  groupNodes,
  itemNodes,
  jobNodes,
  keyOf,
  listOf,
  runNodes,
  topNodes,
} from "../../src/host/views/runChildren";
import { forestOf } from "../../src/host/views/runForest";
import { type MoreNode, type RunNode, RunNodes } from "../../src/host/views/runNodes";
import { ShownRun } from "../../src/host/views/shownRuns";
import type { EventPayload } from "../../src/model/events";
import { eventsOf, recovering, runFrom, started, summaryOf } from "./sampleRuns";

const ended = eventsOf([started]);
const sample = summaryOf(ended);

/** The newest first, each in a job of its own. */
function runsOf(count: number): RunSummary[] {
  return Array.from({ length: count }, (_, index) => {
    const dir = `/work/perstack/jobs/job-${count - index}/runs/run-1`;
    return { ...sample, dir, startedAt: count - index };
  });
}

function contextOf(runs: readonly RunSummary[], delegates: readonly RunSummary[] = []): ChildContext {
  return {
    ...{ forest: forestOf(runs, []), nodes: new RunNodes(), windows: new ListWindows() },
    delegatesOf: () => delegates,
  };
}

/** A run of so many steps, or the part of it with the steps from `first` to `last`. */
function loadedRun(steps: number, part?: { first: number; last: number }): LoadedRun {
  const payloads: (EventPayload & { step: number })[] = Array.from({ length: steps }, (_, index) => ({
    ...{ step: index + 1, type: "finishStep", usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } },
    ...{ durationMs: 1, checkpointId: `checkpoint-${index + 1}` },
  }));
  const events = eventsOf([started, ...payloads]);
  const run = { ...runFrom(events), status: "finished" as const };
  if (!part) return { run, events, problems: [] };
  const { first, last } = part;
  run.steps = run.steps.filter(({ step }) => step >= first && step <= last);
  run.omitted = { count: steps - run.steps.length, upTo: first - 1 };
  const [hasEarlier, hasLater] = [first > 1, last < steps];
  const place = { firstStep: first, lastStep: last, firstSeq: first + 1, lastSeq: last + 1 };
  return { run, events, problems: [], part: { ...place, hasEarlier, hasLater, isWhole: true } };
}

/** A step with so many calls. */
function busyRun(calls: number): LoadedRun {
  const payloads = Array.from({ length: calls }, (_, index): EventPayload & { step: number } => ({
    ...{ step: 1, type: "startToolCall", toolCallId: `call-${index}`, skill: "s", tool: "exec", args: {} },
  }));
  const events = eventsOf([started, ...payloads]);
  return { run: { ...runFrom(events), status: "finished" }, events, problems: [] };
}

function labels(nodes: readonly RunNode[]): string[] {
  return nodes.flatMap((node) => (node.kind === "more" ? [moreRow(node).label] : []));
}
function rows(nodes: readonly RunNode[]): RunNode[] {
  return nodes.filter(({ kind }) => kind !== "more");
}
function more(nodes: readonly RunNode[], to: MoreNode["to"]): MoreNode {
  const found = nodes.find((node) => node.kind === "more" && node.to === to);
  if (found?.kind !== "more") throw new Error(`There is no row that shows more ${to}.`);
  return found;
}
function grow(context: ChildContext, node: MoreNode, direction: Direction, shown?: ShownRun): void {
  context.windows.grow(listOf(node.parent, node, context, shown), direction);
}

describe("the top of the tree", () => {
  it("shows the newest 500 of ten thousand jobs, and 500 more each time", () => {
    const context = contextOf(runsOf(10_000));
    const first = topNodes(context);
    expect(first).toHaveLength(501);
    expect(first[0]?.id).toBe("job:/work/perstack/jobs/job-10000");
    const row = moreRow(more(first, "after"));
    expect(row).toMatchObject({ label: "Show 500 more", description: "9,500 left", context: ["more"] });
    expect(row.spoken).toBe("Show 500 more rows · 9,500 left");
    grow(context, more(first, "after"), "after");
    const second = topNodes(context);
    expect(rows(second)).toHaveLength(1000);
    expect(second.slice(0, 500)).toEqual(first.slice(0, 500));
    expect(labels(second)).toEqual(["Show 500 more"]);
  });

  it("has no row for more where there is no more, and says how many are left where they are few", () => {
    expect(labels(topNodes(contextOf(runsOf(500))))).toEqual([]);
    const node = more(topNodes(contextOf(runsOf(501))), "after");
    expect(moreRow(node)).toMatchObject({ label: "Show 1 more", spoken: "Show 1 more row" });
    expect(moreRow(node).description).toBeUndefined();
  });

  it("shows an old one that is revealed among its neighbours, with a way back to the newest", () => {
    const context = contextOf(runsOf(10_000));
    const old = context.nodes.job("/work/perstack/jobs/job-7");
    context.windows.include(listOf(undefined, old, context), keyOf(old));
    const shown = topNodes(context);
    expect(rows(shown)).toHaveLength(500);
    expect(shown).toContain(old);
    expect(labels(shown)).toEqual(["Back to the newest", "Show 500 newer"]);
    context.windows.reset(more(shown, "newest").list);
    expect(topNodes(context)[0]?.id).toBe("job:/work/perstack/jobs/job-10000");
  });

  it("makes rows only for what is shown", () => {
    const context = contextOf(runsOf(10_000));
    topNodes(context);
    expect(context.nodes.size).toBe(501);
  });
});

describe("the runs of a job or group", () => {
  it("are shown in pages as well", () => {
    const runs = Array.from({ length: 1200 }, (_, index) =>
      summaryOf(ended, { runId: `run-${index}`, startedAt: 5000 - index }),
    );
    const context = contextOf(runs);
    const job = context.nodes.job("/work/perstack/jobs/job-1");
    const first = jobNodes(job, context);
    expect(rows(first)).toHaveLength(500);
    grow(context, more(first, "after"), "after");
    grow(context, more(jobNodes(job, context), "after"), "after");
    expect(rows(jobNodes(job, context))).toHaveLength(1200);
    expect(labels(jobNodes(job, context))).toEqual([]);
    const groups = [{ id: "task", label: "task", documents: [{ label: "Bus", file: "/logs/BUS.md" }] }];
    const place = { root: "/logs", source: "conductor", groups };
    const grouped = contextOf(runs.map((run) => ({ ...run, ...place })));
    const [group] = topNodes(grouped);
    if (group?.kind !== "group") throw new Error("There is no group.");
    const children = groupNodes(group, grouped);
    expect([rows(children).length, labels(children)]).toEqual([500, ["Show 500 more"]]);
    expect(moreRow(more(children, "after")).description).toBe("701 left");
  });

  it("are shown in pages where they are delegates whose calls are not known", () => {
    const delegates = Array.from({ length: 700 }, (_, index) => summaryOf(ended, { runId: `child-${index}` }));
    const context = contextOf([], delegates);
    const run = context.nodes.run("/work/a");
    const shown = new ShownRun(loadedRun(3));
    const children = runNodes(run, shown, context);
    expect(children.filter(({ kind }) => kind === "step")).toHaveLength(3);
    expect(labels(children)).toEqual(["Show 200 more"]);
    grow(context, more(children, "after"), "after", shown);
    expect(runNodes(run, shown, context).filter(({ kind }) => kind === "run")).toHaveLength(700);
  });
});

describe("the steps of a run", () => {
  const stepsIn = (nodes: readonly RunNode[]) => nodes.flatMap((node) => (node.kind === "step" ? [node.step] : []));

  it("are its last 500, with the ones before a row away", () => {
    const context = contextOf([]);
    const shown = new ShownRun(loadedRun(1300));
    const run = context.nodes.run("/work/a");
    const first = runNodes(run, shown, context);
    expect(stepsIn(first).at(0)).toBe(801);
    expect(stepsIn(first).at(-1)).toBe(1300);
    expect(first[0]).toMatchObject({ kind: "more", to: "before", left: 800 });
    expect(moreRow(more(first, "before")).spoken).toBe("Show 500 earlier steps · 800 left");
    grow(context, more(first, "before"), "before", shown);
    expect(stepsIn(runNodes(run, shown, context)).at(0)).toBe(301);
  });

  it("are those of the part, of a run that is loaded in parts", () => {
    const context = contextOf([]);
    const run = context.nodes.run("/work/a");
    const atEnd = runNodes(run, new ShownRun(loadedRun(2000, { first: 1901, last: 2000 })), context);
    expect([stepsIn(atEnd).length, labels(atEnd)]).toEqual([100, ["Show earlier steps"]]);
    // How many come depends on how large they are.
    expect(moreRow(more(atEnd, "before")).spoken).toBe("Show earlier steps · 1,900 left");
    expect(more(atEnd, "before").left).toBe(1900);
    const inside = runNodes(run, new ShownRun(loadedRun(2000, { first: 5, last: 504 })), context);
    expect(labels(inside)).toEqual(["Show earlier steps", "Show later steps", "Back to the end"]);
    expect(more(inside, "after").left).toBe(1496);
    const atBegin = runNodes(run, new ShownRun(loadedRun(2000, { first: 1, last: 500 })), context);
    expect(labels(atBegin)).toEqual(["Show later steps", "Back to the end"]);
  });

  it("are no more than were asked for, where more are at hand because the run goes on", () => {
    const context = contextOf([]);
    const run = context.nodes.run("/work/a");
    const loaded = loadedRun(2000, { first: 1101, last: 2000 });
    const shown = runNodes(run, new ShownRun(loaded), context);
    expect([stepsIn(shown).at(0), more(shown, "before").left]).toEqual([1901, 1900]);
    const grown = runNodes(run, new ShownRun(loaded, 1000), context);
    expect([stepsIn(grown).at(0), more(grown, "before").left]).toEqual([1101, 1100]);
  });
});

describe("the items of a step", () => {
  it("are its last 500, of however many", () => {
    const context = contextOf([]);
    const shown = new ShownRun(busyRun(20_000));
    const step = context.nodes.step("/work/a", 1);
    const first = itemNodes(step, shown, context);
    expect(rows(first)).toHaveLength(500);
    expect(moreRow(more(first, "before"))).toMatchObject({
      label: "Show 500 earlier",
      spoken: "Show 500 earlier events · 19,500 left",
    });
    const old = context.nodes.item("/work/a", 1, 500);
    context.windows.include(listOf(step, old, context, shown), keyOf(old));
    const around = itemNodes(step, shown, context);
    expect(around).toContain(old);
    expect(labels(around)).toEqual(["Show 248 earlier", "Show 500 later", "Back to the end"]);
  });

  it("have their checkpoint after the last of them only", () => {
    const context = contextOf([]);
    const events = eventsOf([started, ...recovering]);
    const shown = new ShownRun({ run: runFrom(events), events, problems: [] });
    expect(itemNodes(context.nodes.step("/work/a", 1), shown, context).map(({ kind }) => kind)).toEqual([
      "item",
      "item",
      "checkpoint",
    ]);
  });

  it("say that there are others where the part begins or ends within the step", () => {
    const context = contextOf([]);
    const loaded = busyRun(20);
    const place = { firstStep: 1, lastStep: 1, firstSeq: 2, lastSeq: 21, isWhole: true };
    const part = { ...place, hasEarlier: true, hasLater: true, isFirstCut: true, isLastCut: true };
    const shown = new ShownRun({ ...loaded, part });
    loaded.run.omitted = { count: 0, upTo: 0 };
    expect(labels(itemNodes(context.nodes.step("/work/a", 1), shown, context))).toEqual([
      "Show earlier events",
      "Show later events",
    ]);
    // No step comes before or after it.
    expect(labels(runNodes(context.nodes.run("/work/a"), shown, context))).toEqual(["Back to the end"]);
  });
});
