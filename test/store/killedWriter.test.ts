/** The writer of a log is killed in the middle of its work; `RUNTRAIL_KILLS=1000` makes it that many times. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { healJournal, readEnds, scanJournal } from "../../src/store/readJournal";
import { bundleProgram } from "../support/bundleProgram";
import { longEach, numberedEvent } from "../support/numberedEvents";

const kills = Number(process.env.RUNTRAIL_KILLS ?? 100);
const atOnce = 4;
/** Kills in one log. */
const perLog = 25;

let program = "";
beforeAll(async () => {
  program = await bundleProgram("journalProgram");
});

interface Moment {
  /** Events that are told of before it. */
  least: number;
  /** Whether it is while the next long event is being written: then a piece of it may be what is there. */
  isInLong: boolean;
}

const anyMoment: fc.Arbitrary<Moment> = fc.record({ least: fc.integer({ min: 1, max: 60 }), isInLong: fc.boolean() });

/** Appends from `from` on, in a process that is killed at that moment. @returns the last event that it told of */
async function appendAndKill(file: string, from: number, { least, isInLong }: Moment): Promise<number> {
  const child = spawn(process.execPath, [program, file, String(from), "1000000000"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const last = isInLong ? Math.ceil((from + 1) / longEach) * longEach - 1 : from + least - 1;
  let told = "";
  let isTime = false;
  const killOnceGrown = (size: number) => {
    if (statSync(file).size > size) child.kill("SIGKILL");
    else setImmediate(killOnceGrown, size);
  };
  child.stdout.setEncoding("latin1");
  child.stdout.on("data", (chunk: string) => {
    told = (told + chunk).slice(-64);
    if (isTime || Number(told.split("\n").at(-2) ?? 0) < last) return;
    isTime = true;
    if (isInLong) killOnceGrown(statSync(file).size);
    else child.kill("SIGKILL");
  });
  const [code, signal] = await once(child, "close");
  expect([code, signal], told).toEqual([null, "SIGKILL"]);
  return Number(told.split("\n").at(-2));
}

describe("a writer that is killed", () => {
  it(`at any of ${kills} moments has lost nothing that it told of, and left nothing that it did not write`, async () => {
    const dir = await mkdtemp(join(tmpdir(), "runtrail-killed-"));
    const moments = fc.sample(anyMoment, kills);
    const logs = Array.from({ length: Math.ceil(kills / perLog) }, (_, index) => index).values();
    let healed = 0;
    const work = async () => {
      for (const log of logs) {
        const file = join(dir, `${log}.jsonl`);
        let next = 1;
        for (const moment of moments.slice(log * perLog, (log + 1) * perLog)) {
          const told = await appendAndKill(file, next, moment);
          if (await healJournal(file)) healed += 1;
          const { last } = await readEnds(file);
          expect(last?.seq).toBeGreaterThanOrEqual(told);
          next = (last?.seq ?? 0) + 1;
        }
        let seq = 0;
        const wrong: number[] = [];
        const problems = await scanJournal(file, (event) => {
          seq += 1;
          if (JSON.stringify(event) !== JSON.stringify(numberedEvent(seq))) wrong.push(seq);
        });
        expect({ problems, wrong, seq }).toEqual({ problems: [], wrong: [], seq: next - 1 });
        await rm(file);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (process.env.RUNTRAIL_KILLS !== undefined) console.log(`${kills} kills, ${healed} torn ends`);
  }, 7_200_000);
});
