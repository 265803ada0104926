/** A run is killed while its snapshots are written and thinned out; `RUNTRAIL_KILLS=1000` makes it that many times. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { readRecordedRun } from "../../src/app/goOnWith";
import { conversationOf, messagesOf } from "../../src/model/conversation";
import { rebuildCheckpoint } from "../../src/model/rebuildCheckpoint";
import { listCheckpoints, readCheckpointFile } from "../../src/store/checkpoints";
import { layout } from "../../src/store/layout";
import { bundleProgram } from "../support/bundleProgram";
import { namedCheckpoints } from "../support/namedCheckpoints";

const kills = Number(process.env.RUNTRAIL_KILLS ?? 20);
const atOnce = 2;
/** Kills of one run. */
const perRun = 10;

let program = "";
beforeAll(async () => {
  program = await bundleProgram("stepsProgram");
});

interface Moment {
  /** Steps that are told of before it. */
  steps: number;
  /** Whether it is when the snapshots in the folder change next: one is being written, is there, or another goes. */
  isInChange: boolean;
}

const anyMoment: fc.Arbitrary<Moment> = fc.record({ steps: fc.integer({ min: 1, max: 12 }), isInChange: fc.boolean() });

function start(root: string, steps: number) {
  return spawn(process.execPath, [program, root, String(steps)], { stdio: ["ignore", "pipe", "inherit"] });
}

function snapshotsIn(dir: string): string {
  return readdirSync(dir)
    .filter((name) => name.startsWith("checkpoint-"))
    .join();
}

async function playAndKill(root: string, { steps, isInChange }: Moment): Promise<void> {
  const dir = layout.run(root, "job", "run");
  const child = start(root, 100_000);
  const killOnChange = (seen: string) => {
    if (snapshotsIn(dir) !== seen) child.kill("SIGKILL");
    else setImmediate(killOnChange, seen);
  };
  let told = 0;
  child.stdout.setEncoding("latin1");
  child.stdout.on("data", (chunk: string) => {
    const before = told;
    told += chunk.split("\n").length - 1;
    if (before >= steps || told < steps) return;
    if (isInChange) killOnChange(snapshotsIn(dir));
    else child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
}

/** Every checkpoint that the journal names is had, and is what the process left of it where that is still there. */
async function expectWhole(dir: string): Promise<number> {
  const { events, base, findCheckpoint } = await readRecordedRun(dir);
  const ids = namedCheckpoints(events);
  for (const id of ids) {
    const at = events.findIndex((event) => "checkpointId" in event && event.checkpointId === id);
    const checkpoint = await findCheckpoint(id);
    expect(checkpoint && messagesOf(checkpoint)).toEqual(conversationOf(events.slice(0, at), base));
  }
  for (const { id, file } of await listCheckpoints(dir)) {
    if (ids.includes(id)) expect(await readCheckpointFile(file)).toEqual(rebuildCheckpoint(events, id, base));
  }
  return ids.length;
}

describe("a run that is killed", () => {
  it(`at any of ${kills} moments goes on, and has every checkpoint that it named`, async () => {
    const moments = fc.sample(anyMoment, kills);
    const runs = Array.from({ length: Math.ceil(kills / perRun) }, (_, index) => index).values();
    let left = 0;
    const work = async () => {
      for (const index of runs) {
        const root = await mkdtemp(join(tmpdir(), "runtrail-killed-"));
        const dir = layout.run(root, "job", "run");
        for (const moment of moments.slice(index * perRun, (index + 1) * perRun)) {
          await playAndKill(root, moment);
          left += (await readdir(dir)).filter((name) => name.endsWith(".tmp")).length;
        }
        expect(await expectWhole(dir)).toBeGreaterThan(perRun);
        const child = start(root, 1);
        const [code] = await once(child.stdout.resume() && child, "close");
        expect(code).toBe(0);
        const { run } = await readRecordedRun(dir);
        expect(run).toMatchObject({ status: "finished", text: "End" });
        await expectWhole(dir);
        // What the kills left behind is gone, and of the snapshots only the end's is left.
        expect((await readdir(dir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
        expect((await listCheckpoints(dir)).map(({ id }) => id)).toEqual([run.checkpointId]);
        await rm(root, { recursive: true });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (process.env.RUNTRAIL_KILLS !== undefined) console.log(`${kills} kills, ${left} snapshots half written`);
  }, 1_800_000);
});
