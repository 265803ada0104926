/** Jobs of Perstack in the run index: shown like ours, read again when they change, never taken for ours. */
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LiveRunIndex } from "../../src/app/createRunIndex";
import { createForeignRunIndex, type ForeignRunIndex } from "../../src/app/foreignRuns";
import { newId } from "../../src/app/newId";
import { readForeignRun } from "../../src/app/readForeign";
import type { RunSummary } from "../../src/app/runIndex";
import { createRunFolder } from "../../src/store/runFolder";
import { runLoop } from "../support/loopHarness";
import { openRunIndex } from "../support/openRunIndex";
import { PerstackJob, type PerstackRun } from "../support/perstackJob";
import { scriptedModel } from "../support/scriptedModel";

let root: string;
let index: LiveRunIndex;
let job: PerstackJob;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-foreign-")));
  index = openRunIndex();
  index.setFolders([root]);
  job = new PerstackJob("theirs");
});

function oneStep(run: PerstackRun): void {
  run.results(run.calls("", { tool: "listDirectory", args: { path: "." } }), "{}");
}

/** A coordinator and its delegate: three runs of Perstack, two of ours. */
function delegatingJob(): { boss: PerstackRun; worker: PerstackRun } {
  const boss = job.run("boss", { query: "Do" });
  const [call] = boss.calls("", { tool: "worker", skill: "worker", args: { query: "Work" } });
  if (!call) throw new Error("no call");
  boss.stop("Delegate", [call]);
  const worker = boss.delegate(call);
  worker.complete("7");
  const result = [{ type: "textPart", id: "t", text: "7" }];
  boss.return([{ id: call.id, skillName: "delegate/worker", toolName: "worker", result }], worker).complete("It is 7.");
  return { boss, worker };
}

async function recordOurs(jobId: string, runId: string): Promise<string> {
  const folder = await createRunFolder(root, { jobId, runId }, newId);
  await runLoop(scriptedModel([{ text: "End" }]), { folder, setup: { runId } });
  await folder.close();
  return folder.dir;
}

const rows = (list: readonly RunSummary[]) =>
  list.map(({ runId, status, source, parentRunId }) => [runId, status, source, parentRunId]);

describe("jobs of Perstack in the run index", () => {
  it("are rows like ours, one for each run of ours that they are", async () => {
    const { boss, worker } = delegatingJob();
    const jobDir = await job.write(root);
    const ours = await recordOurs("mine", "r");
    await index.refresh();
    expect(rows(index.list()).sort()).toEqual([
      ["r", "finished", undefined, undefined],
      [boss.runId, "finished", "perstack", undefined],
      [worker.runId, "finished", "perstack", boss.runId],
    ]);
    const dir = join(jobDir, "runs", boss.runId);
    expect(index.get(dir)).toMatchObject({ expertKey: "boss", query: "Do", steps: 3, isHere: false });
    const { run, events, problems } = await index.load(dir);
    expect([run.text, events[0]?.type, problems]).toEqual(["It is 7.", "startRun", []]);
    expect(await index.load(dir)).toBe(await index.load(dir));
    expect((await index.load(ours)).run.status).toBe("finished");
    expect((await readForeignRun(dir))?.runId).toBe(boss.runId);
    expect(await readForeignRun(ours)).toBeUndefined();
  });

  it("may hold runs of ours as well, which stay runs of their own", async () => {
    const first = job.run("solo", { query: "First" });
    first.answer("One.");
    await job.write(root);
    const ours = await recordOurs("theirs", "mine");
    await index.refresh();
    expect(
      index
        .list()
        .map(({ runId, source }) => [runId, source])
        .sort(),
    ).toEqual([
      ["mine", undefined],
      [first.runId, "perstack"],
    ]);
    expect(index.get(ours)?.dir).toBe(ours);
    await index.refresh(ours);
    expect(index.list()).toHaveLength(2);
  });

  it("are read again when something is added, and go when they are deleted", async () => {
    const first = job.run("solo", { query: "First" });
    oneStep(first);
    const jobDir = await job.write(root);
    await index.refresh();
    const dir = join(jobDir, "runs", first.runId);
    // No process is known that goes on with it.
    expect(index.get(dir)).toMatchObject({ status: "unknown", steps: 1 });
    first.answer("One.");
    await job.write(root);
    await index.refresh(dir);
    expect(index.get(dir)).toMatchObject({ status: "finished", steps: 2 });
    job.run("solo", { query: "Second", from: first.checkpoint }).answer("Two.");
    await job.write(root);
    await index.check();
    expect(index.list().map(({ query }) => query)).toEqual(["Second", "First"]);
    await rm(jobDir, { recursive: true });
    await index.check();
    expect(index.list()).toEqual([]);
  });

  it("tell what could not be read where someone looks", async () => {
    const run = job.run("solo", { query: "First" });
    run.answer("One.");
    const dir = join(await job.write(root), "runs", run.runId);
    const torn = join(dir, "event-1-1-streamRunResult.json");
    await writeFile(torn, "{");
    await index.refresh();
    expect((await index.load(dir)).problems).toEqual([{ file: torn, line: 1, column: 2, reason: expect.any(String) }]);
  });

  describe("of which no process is known", () => {
    let now = 0;
    let told = 0;
    let shown: Map<string, RunSummary>;
    let foreign: ForeignRunIndex;
    beforeEach(() => {
      // Long after the files were written.
      now = Date.now() + 60_000;
      told = 0;
      shown = new Map();
      foreign = createForeignRunIndex({
        isOurs: () => false,
        show(summary) {
          told += 1;
          shown.set(summary.runId, summary);
        },
        forget: (dir) => void shown.delete(basename(dir)),
        onError(error) {
          throw error;
        },
        now: () => now,
      });
    });
    const statuses = () => [...shown.values()].map(({ status }) => status);

    it("are taken to go on for as long as they are seen to change", async () => {
      const run = job.run("solo", { query: "Do" });
      oneStep(run);
      await foreign.refresh([await job.write(root)]);
      await foreign.check();
      expect([statuses(), told]).toEqual([["unknown"], 1]);
      oneStep(run);
      await job.write(root);
      await foreign.check();
      expect([statuses(), told]).toEqual([["running"], 2]);
      now += 60_000;
      await foreign.check();
      expect([statuses(), told]).toEqual([["running"], 2]);
      now += 10 * 60_000;
      await foreign.check();
      expect([statuses(), told]).toEqual([["unknown"], 3]);
      run.complete("Done.");
      await job.write(root);
      await foreign.check();
      expect([statuses(), told]).toEqual([["finished"], 4]);
    });

    it("are at work as long as a delegate is that they wait for", async () => {
      const boss = job.run("boss", { query: "Do" });
      const [call] = boss.calls("", { tool: "worker", skill: "worker", args: { query: "Work" } });
      if (!call) throw new Error("no call");
      boss.stop("Delegate", [call]);
      await foreign.refresh([await job.write(root)]);
      expect(statuses()).toEqual(["unknown"]);
      oneStep(boss.delegate(call));
      await job.write(root);
      await foreign.check();
      expect(statuses()).toEqual(["running", "running"]);
      now += 10 * 60_000;
      await foreign.check();
      expect(statuses()).toEqual(["unknown", "unknown"]);
    });

    it("are at work when their job was seen to come", async () => {
      await foreign.refresh([]);
      job.run("solo", { query: "Do" }).generate();
      const jobDir = await job.write(root);
      await foreign.refresh([jobDir]);
      expect(statuses()).toEqual(["running"]);
      await foreign.refresh([]);
      expect(statuses()).toEqual([]);
    });
  });
});
