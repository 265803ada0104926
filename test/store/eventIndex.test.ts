import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/app/newId";
import { type EventIndex, openEventIndex } from "../../src/store/eventIndex";
import { largeRun, writeLargeLog } from "../support/largeLog";
import { entriesOf, parseLog, readIndex } from "../support/parsedIndex";
import { damagedLine, soundLine } from "./hostileLines";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runtrail-index-"));
  file = join(folder, "events.jsonl");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = () => openEventIndex(file, { mayKeep: false, newId });

async function indexOf(log: Buffer): Promise<EventIndex> {
  await writeFile(file, log);
  const indexed = open();
  await indexed.refresh();
  return indexed.index;
}

const linesOf = (events: number, options = {}) =>
  Buffer.from(
    largeRun({ events, ...options })
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(""),
  );

const lf = Buffer.from("\n");
const logOf = (lines: readonly Buffer[]) => Buffer.concat(lines.flatMap((line) => [line, lf]));

describe("the index of a log", () => {
  it("says of every line what parsing it says, whatever is in it and however it is written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(soundLine, { maxLength: 12 }),
        fc.boolean(),
        soundLine,
        async (lines, hasMark, torn) => {
          const log = Buffer.concat([Buffer.from(hasMark ? "\ufeff" : ""), logOf(lines), torn]);
          const index = await indexOf(log);
          const expected = parseLog(log);
          expect(readIndex(index)).toEqual(expected);
          expect(index.failures).toEqual(expected.entries.flatMap(({ isFailure }, at) => (isFailure ? [at] : [])));
          expect(index.steps).toBe(new Set(expected.entries.flatMap(({ step }) => (step === 0 ? [] : [step]))).size);
          expect(index.bytes).toBe(log.lastIndexOf("\n") + 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("lists of a damaged log each event that parsing finds, and nothing that has not the head of one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(soundLine, damagedLine), { maxLength: 12 }), async (lines) => {
        const log = logOf(lines);
        const index = await indexOf(log);
        const found = new Set(entriesOf(index).map(({ offset }) => offset));
        for (const { offset } of parseLog(log).entries) expect(found).toContain(offset);
        for (const { offset, length, seq, type } of entriesOf(index)) {
          const line = log.toString("utf8", offset, offset + length);
          if (type !== "foreignEvent") expect(line).toMatch(/"type" ?: ?"(?:[a-zA-Z]|\\u0052)+"/);
          expect(line.replaceAll(" ", "")).toMatch(new RegExp(`"(?:seq|s\\\\u0065q)":(?:${seq}|\\S*[e.-])`));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("finds events by seq and steps by number, in order or not", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(soundLine, { maxLength: 20 }), async (lines) => {
        const index = await indexOf(logOf(lines));
        const entries = entriesOf(index);
        for (const { seq, step } of [...entries, { seq: 123_456, step: 123_456 }]) {
          const at = entries.findIndex((each) => each.seq === seq);
          expect(index.find(seq)).toBe(at === -1 ? undefined : at);
          const from = entries.findIndex((each) => each.step === step);
          const to = entries.findLastIndex((each) => each.step === step) + 1;
          expect(index.rangeOf(step)).toEqual(from === -1 ? undefined : { from, to });
        }
      }),
      { numRuns: 40 },
    );
  });

  it("made bit by bit while the log grows, is the same as made at once", async () => {
    const log = linesOf(300);
    const expected = readIndex(await indexOf(log));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: log.length }), { maxLength: 8 }), async (cuts) => {
        await rm(file);
        const indexed = open();
        let from = 0;
        for (const to of [...cuts.sort((a, b) => a - b), log.length]) {
          await appendFile(file, log.subarray(from, to));
          from = to;
          expect(await indexed.refresh()).toMatch(/^(?:same|grown)$/);
          expect(readIndex(indexed.index)).toEqual(parseLog(log.subarray(0, to)));
        }
        expect(readIndex(indexed.index)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps its object and its positions while the log grows, and reads nothing again", async () => {
    await writeFile(file, linesOf(100, { end: "open" }));
    const indexed = open();
    expect(await indexed.refresh()).toBe("grown");
    const { index } = indexed;
    expect(await indexed.refresh()).toBe("same");
    await appendFile(file, linesOf(50));
    expect(await indexed.refresh()).toBe("grown");
    expect(indexed.index).toBe(index);
    expect(index.count).toBe(150);
  });

  it("reads lines that are longer than what is read at once, and tells of those that nobody reads", async () => {
    const long = linesOf(8, { textOf: () => "x".repeat(3_000_000) });
    const tooLong = Buffer.alloc(65 * 1024 * 1024, "x");
    const log = Buffer.concat([linesOf(8), long, tooLong, lf, linesOf(8)]);
    const index = await indexOf(log);
    const parts = [linesOf(8), long, tooLong, lf, linesOf(8)];
    const lines = (parts[0]?.toString().split("\n").length ?? 0) - 1 + 8;
    expect(index.problems).toEqual([{ file, line: lines + 1, reason: "A line is too long to be read." }]);
    expect(index.count).toBe(24);
    expect(index.bytes).toBe(log.length);
    const last = log.toString("utf8", index.offsetOf(23), index.offsetOf(23) + index.lengthOf(23));
    expect(JSON.parse(last).type).toBe("finishRun");
  });

  it("is another object where the log was cut off, emptied, replaced or taken away", async () => {
    const changes: [string, (log: Buffer) => Promise<void>, Buffer][] = [
      ["cut off", () => truncate(file, 1000), linesOf(40).subarray(0, 1000)],
      ["emptied", () => truncate(file, 0), Buffer.alloc(0)],
      ["taken away", () => rm(file), Buffer.alloc(0)],
      ["longer", () => writeFile(file, linesOf(60, { runId: "other" })), linesOf(60, { runId: "other" })],
      [
        "as long, with the same beginning",
        async (log) => await writeFile(file, log.toString("utf8").replaceAll('"seq":3', '"seq":4')),
        Buffer.from(linesOf(40).toString("utf8").replaceAll('"seq":3', '"seq":4')),
      ],
      [
        "rotated",
        async () => {
          await writeFile(join(folder, "new"), linesOf(90));
          await rename(join(folder, "new"), file);
        },
        linesOf(90),
      ],
    ];
    for (const [what, change, after] of changes) {
      const log = linesOf(40);
      await writeFile(file, log);
      const indexed = open();
      await indexed.refresh();
      const { index } = indexed;
      const before = readIndex(index);
      await change(log);
      expect(await indexed.refresh(), what).toBe("replaced");
      expect(indexed.index).not.toBe(index);
      expect(readIndex(index)).toEqual(before);
      expect(entriesOf(indexed.index), what).toEqual(parseLog(after).entries);
    }
  });

  it("of a log that is not there yet, or is no file, is empty with a problem, and filled once there is one", async () => {
    const indexed = open();
    expect(await indexed.refresh()).toBe("same");
    expect(indexed.index.problems).toEqual([{ file, line: 0, reason: "There is no journal here." }]);
    await writeFile(file, linesOf(20));
    expect(await indexed.refresh()).toBe("grown");
    expect(readIndex(indexed.index)).toEqual(parseLog(linesOf(20)));
    const folderIndex = openEventIndex(folder, { mayKeep: false, newId });
    await folderIndex.refresh();
    expect(folderIndex.index.problems).toHaveLength(1);
  });

  it("ends with the last whole line: a torn one is a problem until it is completed", async () => {
    const log = linesOf(20);
    const cut = log.length - 30;
    await writeFile(file, log.subarray(0, cut));
    const indexed = open();
    await indexed.refresh();
    expect(readIndex(indexed.index)).toEqual(parseLog(log.subarray(0, cut)));
    expect(indexed.index.problems).toHaveLength(1);
    await appendFile(file, log.subarray(cut));
    expect(await indexed.refresh()).toBe("grown");
    expect(readIndex(indexed.index)).toEqual(parseLog(log));
    await appendFile(file, "{torn");
    await indexed.refresh();
    await truncate(file, log.length);
    expect(await indexed.refresh()).toBe("same");
    expect(indexed.index.problems).toEqual([]);
  });

  it("is right about what it covers when it is left in the middle, and goes on from there", async () => {
    writeLargeLog(file, { events: 40_000 });
    const indexed = open();
    const controller = new AbortController();
    const reading = indexed.refresh(controller.signal);
    while (indexed.index.count === 0) await new Promise(setImmediate);
    controller.abort(new Error("Enough"));
    await expect(reading).rejects.toThrow("Enough");
    const { index } = indexed;
    expect(index.count).toBeLessThan(40_000);
    const { count } = index;
    expect(index.seqOf(count - 1)).toBe(count);
    expect(await indexed.refresh()).toBe("grown");
    expect(indexed.index).toBe(index);
    expect(index.count).toBe(40_000);
    expect(index.find(40_000)).toBe(39_999);
  });

  it("lets others have their turn while it reads, also where every line must be parsed", async () => {
    const other = largeRun({ events: 12_000 }).map(({ type, ...rest }) => JSON.stringify({ type, ...rest }));
    await writeFile(file, `${other.join("\n")}\n`);
    const indexed = open();
    let turns = 0;
    let isDone = false;
    const reading = indexed.refresh().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise(setImmediate);
      turns += 1;
    }
    await reading;
    expect(indexed.index.count).toBe(12_000);
    expect(turns).toBeGreaterThan(12);
  });

  it("asked for several times at once, reads the log once", async () => {
    await writeFile(file, linesOf(200));
    const indexed = open();
    expect(await Promise.all([indexed.refresh(), indexed.refresh(), indexed.refresh()])).toEqual([
      "grown",
      "same",
      "same",
    ]);
    expect(indexed.index.count).toBe(200);
  });

  it("made anew on demand, is another object and says the same", async () => {
    await writeFile(file, linesOf(20));
    const indexed = open();
    await indexed.refresh();
    const { index } = indexed;
    await indexed.rebuild();
    expect(indexed.index).not.toBe(index);
    expect(readIndex(indexed.index)).toEqual(readIndex(index));
  });

  it("follows a log that is written to all the time", async () => {
    const lines = linesOf(800).toString("utf8").split("\n").slice(0, -1);
    await writeFile(file, "");
    const indexed = open();
    let written = 0;
    const writing = (async () => {
      for (const line of lines) {
        await appendFile(file, `${line}\n`);
        written += 1;
      }
    })();
    while (written < lines.length) {
      const least = written;
      expect(await indexed.refresh()).toMatch(/^(?:same|grown)$/);
      expect(indexed.index.count).toBeGreaterThanOrEqual(least);
      expect(entriesOf(indexed.index).at(-1)?.seq ?? 0).toBe(indexed.index.count);
    }
    await writing;
    await indexed.refresh();
    expect(readIndex(indexed.index)).toEqual(parseLog(linesOf(800)));
  });
});
