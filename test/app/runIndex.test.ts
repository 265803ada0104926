import { appendFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { LiveRunIndex } from "../../src/app/createRunIndex";
import { newId } from "../../src/app/newId";
import type { RunSummary } from "../../src/app/runIndex";
import { summarizeRun } from "../../src/app/summarizeRun";
import type { RunEvent } from "../../src/model/events";
import { runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { currentOwner } from "../../src/store/processOwner";
import { readJournal } from "../../src/store/readJournal";
import { createRunFolder } from "../../src/store/runFolder";
import { writeLargeLog } from "../support/largeLog";
import { runLoop } from "../support/loopHarness";
import { openRunIndex } from "../support/openRunIndex";
import { runningInfo } from "../support/runningInfo";
import { scriptedModel } from "../support/scriptedModel";
import { waitUntil } from "../support/waitUntil";

let root: string;
let index: LiveRunIndex;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-index-")));
  index = openRunIndex();
  index.setFolders([root]);
});

async function recordRun(runId: string, watched?: LiveRunIndex): Promise<string> {
  const folder = await createRunFolder(root, { jobId: "j", runId }, newId);
  watched?.attach(folder.dir, { jobId: "j", runId, expertKey: "solo", query: "Do it" });
  const model = scriptedModel([{ calls: [{ tool: "fail" }] }, { text: "End" }]);
  await runLoop(model, { folder, onEvent: (event) => watched?.apply(folder.dir, event), setup: { runId } });
  await folder.close();
  watched?.detach(folder.dir, false);
  return folder.dir;
}

describe("the run index", () => {
  it("shows a run that was watched here and the same run found on disk alike", async () => {
    const dir = await recordRun("r", index);
    const watched = index.get(dir);
    const other = openRunIndex();
    other.setFolders([root]);
    await other.refresh();
    expect(other.list()).toEqual([watched]);
    expect(watched).toMatchObject({ status: "finished", steps: 2, failure: { grade: "recovered", step: 1 } });
    expect(await other.load(dir)).toEqual(await index.load(dir));
  });

  it("gives the steps of a run that goes on without reading the disk", async () => {
    const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
    index.attach(folder.dir, { jobId: "j", runId: "r", expertKey: "solo", query: "Do it" });
    const seen: number[] = [];
    await runLoop(scriptedModel([{ text: "End" }]), {
      folder,
      onEvent(event) {
        index.apply(folder.dir, event);
        void index.load(folder.dir).then(({ events }) => seen.push(events.length));
      },
    });
    await folder.close();
    expect(seen.length).toBeGreaterThan(0);
  });

  it("keeps what a run did before when it goes on in its own journal, and what it waits for is its turn", async () => {
    const dir = await recordRun("r", index);
    const before = index.get(dir);
    const file = layout.journal(dir);
    const lines = (await readFile(file, "utf8")).trimEnd().split("\n");
    const last = JSON.parse(lines.at(-1) ?? "");
    index.attach(dir, { jobId: "j", runId: "r", expertKey: "solo", query: "Do it" });
    expect(index.get(dir)).toMatchObject({ status: "running", isQueued: true, isHere: true });
    expect(index.get(dir)?.finishedAt).toBeUndefined();
    const append = async (event: object) => {
      await appendFile(file, `${JSON.stringify(event)}\n`);
      index.apply(dir, event as RunEvent);
    };
    await append({ ...last, type: "resumeRun", id: "again", seq: last.seq + 1, by: "user" });
    const resumed = await waitUntil("the run to go on", () => {
      const run = index.get(dir);
      return run && !run.isQueued ? run : undefined;
    });
    expect(resumed).toMatchObject({ status: "running", query: "Do it", steps: 2, startedAt: before?.startedAt });
    await append({ ...last, id: "end", seq: last.seq + 2 });
    expect((await index.load(dir)).events).toHaveLength(lines.length + 2);
    index.detach(dir, false);
    expect(index.get(dir)).toMatchObject({ status: "finished", query: "Do it", steps: 2, isHere: false });
  });

  it("has the whole of a run that ended again before its past was read", async () => {
    const dir = await recordRun("r", index);
    const file = layout.journal(dir);
    const last = JSON.parse((await readFile(file, "utf8")).trimEnd().split("\n").at(-1) ?? "");
    index.attach(dir, { jobId: "j", runId: "r", expertKey: "solo", query: "Do it" });
    const events = [
      { ...last, type: "resumeRun", id: "again", seq: last.seq + 1, by: "user" },
      { ...last, id: "end", seq: last.seq + 2 },
    ];
    await appendFile(file, `${events.map((event) => JSON.stringify(event)).join("\n")}\n`);
    for (const event of events) index.apply(dir, event as RunEvent);
    index.detach(dir, false);
    const ended = await waitUntil("the run to end", () => {
      const run = index.get(dir);
      return run && run.status === "finished" ? run : undefined;
    });
    expect(ended).toMatchObject({ query: "Do it", steps: 2, isHere: false });
  });

  it("takes in what another program appends, adds and deletes", async () => {
    const dir = await recordRun("r1");
    await index.refresh();
    expect(index.list().map(({ runId }) => runId)).toEqual(["r1"]);
    await recordRun("r2");
    await index.refresh();
    expect(index.list()).toHaveLength(2);
    await appendFile(layout.journal(dir), "nonsense\n");
    await index.refresh(dir);
    expect((await index.load(dir)).problems).toMatchObject([{ line: expect.any(Number) }]);
    await rm(dir, { recursive: true });
    await index.refresh();
    expect(index.list().map(({ runId }) => runId)).toEqual(["r2"]);
  });

  it("finds by a cheap look what came, went, or was gone on with elsewhere", async () => {
    await index.refresh();
    const dir = await recordRun("r1");
    await index.check();
    expect(index.list()).toHaveLength(1);
    const lines = (await readFile(layout.journal(dir), "utf8")).split("\n").slice(0, -2);
    await rm(join(root, "perstack", "jobs", "j"), { recursive: true });
    await index.check();
    expect(index.list()).toEqual([]);
    const folder = await createRunFolder(root, { jobId: "other", runId: "r2" }, newId);
    await folder.writeInfo(runningInfo(root, await currentOwner()));
    await writeFile(layout.journal(folder.dir), `${lines.slice(0, 3).join("\n")}\n`);
    await index.check();
    expect(index.list()).toMatchObject([{ status: "running", steps: 1 }]);
    await writeFile(layout.journal(folder.dir), `${lines.join("\n")}\n`);
    await index.check();
    expect(index.list()).toMatchObject([{ status: "running", steps: 2 }]);
    await folder.close();
  });

  it("does not call a run that nobody runs any more “running”", async () => {
    const folder = await createRunFolder(root, { jobId: "j", runId: "r" }, newId);
    await runLoop(scriptedModel([{ text: "End" }]), {
      folder: { ...folder, append: (event) => event.type !== "finishRun" && folder.append(event) },
    });
    await folder.close();
    await index.refresh();
    expect(index.list()).toMatchObject([{ status: "unknown" }]);
  });

  it("tells the same of long runs as of short ones, however many are read side by side", async () => {
    const expected: RunSummary[] = [];
    for (let at = 0; at < 24; at += 1) {
      const [jobId, runId] = [`j${at}`, `r${at}`];
      const dir = layout.run(root, jobId, runId);
      await mkdir(dir, { recursive: true });
      const about = { jobId, runId, startedAt: 1_000_000 - at * 1_000, failEach: 3 + at };
      writeLargeLog(layout.journal(dir), { ...about, events: 4_000 });
      const run = runOf((await readJournal(layout.journal(dir))).events);
      if (run) expected.push(summarizeRun(run, { dir, isHere: false }));
    }
    await index.refresh();
    expect(index.list()).toEqual(expected);
  });

  it("tells which runs changed, many changes at once", async () => {
    const told: ReadonlySet<string>[] = [];
    index.onDidChange((dirs) => told.push(dirs));
    const dirs = await Promise.all([recordRun("r1", index), recordRun("r2", index)]);
    await waitUntil("the change", async () => (told.length > 0 ? true : undefined));
    expect([...(told[0] ?? [])].every((dir) => dirs.includes(dir))).toBe(true);
  });
});
