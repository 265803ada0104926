/** A log that is truncated, replaced or written under those who read it: nothing is lost, given twice or made up. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, open, realpath, rename, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { EventLog } from "../../src/app/eventLog";
import type { RunEvent } from "../../src/model/events";
import { bundleProgram } from "../support/bundleProgram";
import { numberedEvent, numberedEvents } from "../support/numberedEvents";
import { waitUntil } from "../support/waitUntil";

let file = "";
beforeEach(async () => {
  file = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-log-faults-"))), "events.jsonl");
});

const linesOf = (events: readonly RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
const seqs = (events: readonly RunEvent[]) => events.map(({ seq }) => seq);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const isAsWritten = (event: RunEvent) => JSON.stringify(event) === JSON.stringify(numberedEvent(event.seq));

function follow(from: "start" | "end" = "start") {
  const stop = new AbortController();
  const log = EventLog.open(file, { pollMs: 20 });
  const heard: RunEvent[] = [];
  const events = log.follow({ from, signal: stop.signal });
  const done = (async () => {
    for await (const event of events) heard.push(event);
  })();
  onTestFinished(() => stop.abort());
  return {
    ...{ log, heard },
    until: (last: number) =>
      waitUntil(`event ${last}`, () => heard.at(-1)?.seq === last, { describe: () => seqs(heard) }),
    async stop() {
      stop.abort();
      await done;
    },
  };
}

describe("a log that is rotated under its follower", () => {
  it("by moving it away: what was written before and after the move is given, then the new one", async () => {
    await writeFile(file, linesOf(numberedEvents(2)));
    const follower = follow();
    await follower.until(2);
    const writer = await open(file, "a");
    await writer.write(linesOf([numberedEvent(3)]));
    await rename(file, `${file}.1`);
    // The writer does not know of it yet.
    await writer.write(linesOf([numberedEvent(4)]));
    await follower.until(4);
    await writer.write(linesOf([numberedEvent(5)]));
    await writer.close();
    await writeFile(file, linesOf(numberedEvents(2, 6)));
    await follower.until(7);
    await follower.stop();
    expect([seqs(follower.heard), follower.log.problems]).toEqual([upTo(7), []]);
  });

  it("by cutting it off: also where it has grown past the old end before anyone looks", async () => {
    const shapes = fc.record({ before: fc.integer({ min: 1, max: 12 }), after: fc.integer({ min: 1, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(shapes, fc.constantFrom("start" as const, "end" as const), async ({ before, after }, from) => {
        await writeFile(file, linesOf(numberedEvents(before)));
        const follower = follow(from);
        const first = from === "start" ? 1 : before + 1;
        await appendFile(file, linesOf([numberedEvent(before + 1)]));
        await follower.until(before + 1);
        const whole = await open(file, "r+");
        await whole.truncate(0);
        await whole.write(linesOf(numberedEvents(after, before + 2)), 0);
        await whole.close();
        await follower.until(before + 1 + after);
        await follower.stop();
        expect(seqs(follower.heard)).toEqual(upTo(before + 1 + after, first));
      }),
      { numRuns: 30 },
    );
  });

  it("by putting the log of another run there: all of that one is given", async () => {
    await writeFile(file, linesOf(numberedEvents(3)));
    const follower = follow("end");
    await appendFile(file, linesOf([numberedEvent(4)]));
    await follower.until(4);
    await writeFile(`${file}.new`, linesOf(numberedEvents(2).map((event) => ({ ...event, runId: "another" }))));
    await rename(`${file}.new`, file);
    await follower.until(2);
    await follower.stop();
    expect(follower.heard.map(({ runId, seq }) => `${runId} ${seq}`)).toEqual(["r 4", "another 1", "another 2"]);
  });
});

describe("a log that is written while it is read", () => {
  it("has no event that was not written, however it is cut off and written anew meanwhile", async () => {
    const wrong: RunEvent[] = [];
    const look = async (read: () => Promise<RunEvent[]>) => {
      while (!isOver) wrong.push(...(await read()).filter((event) => !isAsWritten(event)));
    };
    let isOver = false;
    await writeFile(file, "");
    const log = EventLog.open(file);
    const follower = follow();
    const readers = [look(() => log.readAll()), look(() => log.tail(7))];
    for (let round = 1; round <= 60; round += 1) {
      const content = Buffer.from(linesOf(numberedEvents(60, round * 64 + 1)));
      for (let at = 0; at < content.length; at += 4_001) await appendFile(file, content.subarray(at, at + 4_001));
      await truncate(file, (round * 997) % content.length);
      if (round % 3 > 0) await truncate(file, 0);
      else await appendFile(file, "\n");
    }
    isOver = true;
    await Promise.all(readers);
    await follower.stop();
    expect(wrong).toEqual([]);
    expect(follower.heard.filter((event) => !isAsWritten(event))).toEqual([]);
  });

  it("by another process is given whole and in order: to who follows, takes its end, or reads all of it", async () => {
    const program = await bundleProgram("journalProgram");
    const last = 400;
    await writeFile(file, "");
    const followers = [follow(), follow("end")];
    const log = EventLog.open(file);
    const child = spawn(process.execPath, [program, file, "2", String(last)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    let isOver = false;
    const closed = once(child, "close").finally(() => {
      isOver = true;
    });
    const wrong: unknown[] = [];
    let looks = 0;
    while (!isOver) {
      const [all, end] = [await log.readAll(), await log.tail(5)];
      looks += 1;
      for (const found of [all, end]) {
        const from = found[0]?.seq ?? 0;
        if (found.some((event, index) => event.seq !== from + index || !isAsWritten(event))) wrong.push(seqs(found));
      }
      if (all.length > 0 && all[0]?.seq !== 2) wrong.push(all[0]);
    }
    expect(await closed).toEqual([0, null]);
    for (const each of followers) {
      await each.until(last);
      await each.stop();
      expect([seqs(each.heard), each.heard.every(isAsWritten)]).toEqual([upTo(last, 2), true]);
      expect(each.log.problems).toEqual([]);
    }
    expect([wrong, looks > 0]).toEqual([[], true]);
    // Of a write that goes on a reader sees a piece at the most, and says so.
    for (const { reason } of log.problems) expect(reason).toMatch(/torn/);
  });
});
