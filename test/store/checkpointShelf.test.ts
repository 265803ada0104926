import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Checkpoint, CheckpointStatus } from "../../src/model/checkpoint";
import { type CheckpointShelf, createCheckpointShelf } from "../../src/store/checkpointShelf";
import { listCheckpoints, readCheckpoint } from "../../src/store/checkpoints";
import { measureFolder } from "../../src/store/jobStanding";
import { layout } from "../../src/store/layout";

let dir: string;
let shelf: CheckpointShelf;
let count: number;
let history: string;
let ids: number;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "runtrail-shelf-"));
  await writeFile(layout.journal(dir), "");
  count = 0;
  history = "";
  ids = 0;
  shelf = open();
});

function open(): CheckpointShelf {
  return createCheckpointShelf(dir, () => `id${++ids}`);
}

/** So much is recorded, and then the checkpoint is saved that holds all there is. */
async function save(status: CheckpointStatus, recorded = 1000): Promise<string> {
  history += "x".repeat(recorded);
  await writeFile(layout.journal(dir), history);
  count += 1;
  const checkpoint: Checkpoint = {
    ...{ id: `c${count}`, jobId: "j", runId: "r", expert: { key: "e", name: "e", version: "1" } },
    ...{ stepNumber: count, status, usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } },
    messages: [{ type: "userMessage", id: "m", contents: [{ type: "textPart", id: "t", text: history }] }],
  };
  await shelf.save(checkpoint, count);
  return checkpoint.id;
}

async function kept(): Promise<string[]> {
  return (await listCheckpoints(dir)).map(({ id }) => id);
}

describe("the snapshots of a run", () => {
  it("are one between its steps: a newer one takes its place, and not before the log has grown by half", async () => {
    const seen: string[][] = [];
    for (let step = 1; step <= 12; step += 1) {
      await save(step % 3 === 0 ? "stoppedByDelegate" : "proceeding");
      seen.push(await kept());
    }
    // The log has 1000, 2000, 3000, 5000 and 8000 bytes when one is due.
    const expected = [1, 2, 3, 3, 5, 5, 5, 8, 8, 8, 8, 12].map((step) => [`c${step}`]);
    expect(seen).toEqual(expected);
  });

  it("are that of the end, and what the run began with, which nothing else tells", async () => {
    const base = await save("init", 100_000);
    for (let step = 1; step < 10; step += 1) await save("proceeding", 50_000);
    const end = await save("completed");
    expect(await kept()).toEqual([base, end]);
    expect((await readCheckpoint(dir, end))?.messages[0]?.contents[0]).toMatchObject({ text: history });
  });

  it("are those of its stops as well, as long as the older ones take no more than the log", async () => {
    const stops = [];
    await save("proceeding", 100_000);
    for (const status of ["stoppedByInteractiveTool", "stoppedByError", "stoppedByExceededMaxSteps"] as const) {
      stops.push(await save(status, 100));
      await save("proceeding", 60_000);
    }
    // When the third was saved, the second and the first together were larger than the log.
    expect(await kept()).toEqual(stops.slice(1));
    const newest = await save("proceeding", 400_000);
    expect(await kept()).toEqual([...stops.slice(1), newest]);
    const end = await save("completed");
    expect(await kept()).toEqual([...stops.slice(1), end]);
  });

  it("never take much more than twice the log, however often the run stops", async () => {
    for (let turn = 1; turn <= 100; turn += 1) {
      // Each answer is given in another process.
      shelf = open();
      await save("proceeding", 700);
      await save("stoppedByInteractiveTool", 300);
      const { bytes } = await measureFolder(dir);
      expect(bytes).toBeLessThan(3 * history.length + 1000);
    }
  });

  it("of an earlier version are thinned out when its run goes on; what is none stays", async () => {
    const base = await save("init");
    for (let step = 1; step <= 20; step += 1) {
      const status = step === 10 ? "stoppedByError" : "proceeding";
      shelf = open();
      await save(status, 5000);
      // That version left them all.
      const [newest] = (await listCheckpoints(dir)).slice(-1);
      await writeFile(join(dir, `checkpoint-${count}-${count}-old${count}.json`), `{"status":"${status}"}`);
      expect(newest?.id).toBe(`c${count}`);
    }
    await writeFile(join(dir, "checkpoint-5-5-odd.json"), "no JSON");
    await writeFile(join(dir, "checkpoint-6-6-torn.json.abc.tmp"), "{");
    await mkdir(join(dir, "checkpoint-7-7-folder.json"));
    shelf = open();
    const newest = await save("proceeding", 5000);
    expect(new Set(await kept())).toEqual(new Set([base, "c11", "old11", "odd", "folder", newest]));
    expect((await readdir(dir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("that cannot be deleted hold nothing up", async () => {
    await save("proceeding");
    const [place] = await listCheckpoints(dir);
    const file = place?.file ?? "";
    await rm(file);
    await mkdir(file);
    await writeFile(join(file, "inside"), "");
    const newest = await save("proceeding", 9000);
    expect(await kept()).toEqual(["c1", newest]);
    expect(await readdir(dir)).toContain(basename(file));
  });

  it("say so where they cannot be written", async () => {
    await save("proceeding");
    await rm(dir, { recursive: true });
    await expect(shelf.save({ ...(await sample()), status: "completed" }, 2)).rejects.toThrow(/ENOENT/);
  });
});

async function sample(): Promise<Checkpoint> {
  return {
    ...{ id: "x", jobId: "j", runId: "r", expert: { key: "e", name: "e", version: "1" } },
    ...{ stepNumber: 1, status: "proceeding", usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } },
    messages: [],
  };
}
