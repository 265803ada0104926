import { appendFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { openJournal } from "../../src/store/journal";
import { healJournal, readJournal } from "../../src/store/readJournal";

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "runtrail-journal-")), "events.jsonl");
});

const eventAt = (seq: number, line: string): RunEvent => ({
  ...{ id: `e${seq}`, timestamp: seq, jobId: "j", runId: "r", seq, expertKey: "x", step: 1 },
  ...{ type: "logSkill", skill: "s", line },
});

async function write(events: readonly RunEvent[]): Promise<void> {
  const journal = await openJournal(path, "create");
  for (const event of events) journal.append(event);
  await journal.close();
}

describe("the journal", () => {
  it("gives back exactly what was appended, whatever the text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: "binary", maxLength: 200 }), { maxLength: 20 }), async (lines) => {
        path = join(await mkdtemp(join(tmpdir(), "runtrail-journal-")), "events.jsonl");
        const events = lines.map((line, index) => eventAt(index + 1, line));
        await write(events);
        // A lone surrogate is not text; JSON escapes it, so that it comes back as it was.
        expect(await readJournal(path)).toEqual({ events, problems: [] });
      }),
      { numRuns: 50 },
    );
  });

  it("is visible to a reader after each append, a whole line at a time", async () => {
    const journal = await openJournal(path, "create");
    for (const seq of [1, 2, 3]) {
      journal.append(eventAt(seq, "x"));
      expect((await readFile(path, "utf8")).split("\n")).toHaveLength(seq + 1);
    }
    await journal.close();
  });

  it("is never written by two: a file that exists is not created again", async () => {
    await write([eventAt(1, "mine")]);
    await expect(openJournal(path, "create")).rejects.toThrow(/EEXIST/);
    expect((await readJournal(path)).events).toHaveLength(1);
  });

  it("keeps the good records and names the line of each bad one", async () => {
    await write([eventAt(1, "a")]);
    await appendFile(path, 'nonsense\n{"type":"startRun"}\n\n');
    const future = { ...eventAt(2, "b"), type: "fromTheFuture" };
    await appendFile(path, `${JSON.stringify(future)}\n`);
    const { events, problems } = await readJournal(path);
    expect(events.map(({ type }) => type)).toEqual(["logSkill", "foreignEvent"]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3]);
  });

  it("cut at any byte loses at most its last record, and healing makes it whole", async () => {
    await write([eventAt(1, "é"), eventAt(2, "second"), eventAt(3, "third")]);
    const whole = await readFile(path);
    for (let end = 0; end <= whole.length; end += 1) {
      await writeFile(path, whole.subarray(0, end));
      const complete = whole.subarray(0, end).toString("latin1").split("\n").length - 1;
      expect((await readJournal(path)).events).toHaveLength(complete);
      await healJournal(path);
      const { events, problems } = await readJournal(path);
      expect(problems).toEqual([]);
      expect(events.length - complete).toBe(end === whole.length - 1 || whole[end] === 10 ? 1 : 0);
    }
  });
});
