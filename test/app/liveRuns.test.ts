import { appendFile, mkdir, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LiveRunIndex } from "../../src/app/createRunIndex";
import type { LoadedRun, WantedPart } from "../../src/app/runIndex";
import { summarizeRun } from "../../src/app/summarizeRun";
import type { RunEvent } from "../../src/model/events";
import { type Run, runOf } from "../../src/model/run";
import { windowLimits } from "../../src/model/windowEdges";
import { layout } from "../../src/store/layout";
import { largeRun, writeLargeLog } from "../support/largeLog";
import { openRunIndex } from "../support/openRunIndex";
import { waitUntil } from "../support/waitUntil";

const waiting = { jobId: "j", runId: "r", expertKey: "solo", query: "Do it" };

let root: string;
let dir: string;
let index: LiveRunIndex;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-live-")));
  dir = layout.run(root, "j", "r");
  await mkdir(dir, { recursive: true });
  index = openRunIndex();
  index.setFolders([root]);
});

/** The journal is on disk before anyone hears of its events. */
function record(events: number): RunEvent[] {
  const options = { events, jobId: "j", runId: "r" };
  writeLargeLog(layout.journal(dir), options);
  return largeRun(options);
}

const load = (wanted?: WantedPart): Promise<LoadedRun> => index.load(dir, wanted);

/** All about a run but its steps. */
function factsOf(run: Run | undefined): object {
  if (!run) throw new Error("There is no run.");
  const { steps: _, omitted: __, ...facts } = run;
  return facts;
}

describe("a long run of this process", () => {
  it("keeps its newest steps in memory, all about it as a whole, and gives any other part from its journal", async () => {
    const events = record(100_000);
    const whole = runOf(events);
    if (!whole) throw new Error("There is no run.");
    index.attach(dir, waiting);
    for (const event of events) index.apply(dir, event);
    expect(index.get(dir)).toEqual(summarizeRun(whole, { dir, isHere: true }));
    const end = await load();
    expect(end.part).toMatchObject({ hasEarlier: true, hasLater: false, isWhole: true });
    expect(end.events.length).toBeLessThanOrEqual(2 * windowLimits.events + 1000);
    expect(end.run.steps.length).toBeLessThanOrEqual(2 * windowLimits.steps);
    expect(end.events.at(-1)).toEqual(events.at(-1));
    expect(factsOf(end.run)).toEqual(factsOf(whole));
    const early = await load({ step: 3 });
    expect(early.run.steps.find(({ step }) => step === 3)).toEqual(whole.steps.find(({ step }) => step === 3));
    expect(early.part).toMatchObject({ hasLater: true, isWhole: true });
    expect(factsOf(early.run)).toEqual(factsOf(whole));
    index.detach(dir, false);
    expect(index.get(dir)).toEqual(summarizeRun(whole, { dir, isHere: false }));
    const readBack = await waitUntil("all of it", async () => {
      const loaded = await load();
      return loaded.part?.isWhole && loaded;
    });
    expect(factsOf(readBack.run)).toEqual(factsOf(whole));
  }, 240_000);

  it("goes on in its own journal without that being read as a whole, and nothing is counted twice", async () => {
    const events = record(50_000);
    const last = events.at(-1);
    if (!last) throw new Error("There are no events.");
    const more = [
      { ...last, id: "again", type: "resumeRun", by: "user", seq: last.seq + 1 },
      { ...last, id: "note", type: "logSkill", skill: "base", line: "Back", step: last.step + 1, seq: last.seq + 2 },
      { ...last, id: "end", step: last.step + 1, seq: last.seq + 3 },
    ] as RunEvent[];
    const whole = runOf([...events, ...more]);
    index.attach(dir, waiting);
    for (const event of more) {
      await appendFile(layout.journal(dir), `${JSON.stringify(event)}\n`);
      index.apply(dir, event);
    }
    const run = await waitUntil("its past", () => {
      const summary = index.get(dir);
      return summary && !summary.isQueued && summary;
    });
    expect(run).toEqual(whole && summarizeRun(whole, { dir, isHere: true }));
    const loaded = await load();
    expect(factsOf(loaded.run)).toEqual(factsOf(whole));
    expect(loaded.events.slice(-3).map(({ id }) => id)).toEqual(more.map(({ id }) => id));
    expect(loaded.events.length).toBeLessThanOrEqual(2 * windowLimits.events + 1000);
  });

  it("of another program is told at once from its end, and once more when all of it has been looked through", async () => {
    const whole = runOf(record(50_000));
    const told: ReadonlySet<string>[] = [];
    const first = await load();
    index.onDidChange((dirs) => told.push(dirs));
    expect(first.part?.isWhole).toBe(false);
    expect(first.run.status).toBe(whole?.status);
    await waitUntil("all of it", () => told.some((dirs) => dirs.has(dir)));
    const then = await load();
    expect(then.part?.isWhole).toBe(true);
    expect(factsOf(then.run)).toEqual(factsOf(whole));
  });
});

describe("what changes very often", () => {
  it("is told ten times a second at the most, and the row is right whenever someone looks", async () => {
    const events = largeRun({ events: 4_000, jobId: "j", runId: "r" });
    let told = 0;
    index.onDidChange(() => {
      told += 1;
    });
    const startedAt = performance.now();
    index.attach(dir, waiting);
    for (const [at, event] of events.entries()) {
      index.apply(dir, event);
      if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (at % 500 === 0)
        expect(index.get(dir)?.steps).toBe(
          summarizeRun(runOf(events.slice(0, at + 1)) as Run, { dir, isHere: true }).steps,
        );
    }
    await waitUntil("the changes", () => told > 0);
    expect(told).toBeLessThanOrEqual(2 + (performance.now() - startedAt) / 100);
  });
});
