import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../src/app/newId";
import { formats } from "../../src/formats/index";
import { listCheckpoints } from "../../src/store/checkpoints";
import { type IndexedLog, openEventIndex } from "../../src/store/eventIndex";
import { loadSidecar, sidecarOf } from "../../src/store/indexSidecar";
import { measureFolder } from "../../src/store/jobStanding";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { removeFolder } from "../../src/store/removeFolder";
import { largeRun } from "../support/largeLog";
import { parseLog, readIndex } from "../support/parsedIndex";

let folder: string;
let file: string;
let sidecar: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "runtrail-sidecar-"));
  file = join(folder, "events.jsonl");
  sidecar = join(folder, "events.idx");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = (mayKeep = true): IndexedLog => openEventIndex(file, { mayKeep, newId, keepFrom: 1000 });

const linesOf = (events: number, options = {}) =>
  Buffer.from(
    largeRun({ events, ...options })
      .map((event) => `${JSON.stringify(event)}\n`)
      .join(""),
  );

/** Writes the log and what is kept of its index. */
async function keep(log: Buffer): Promise<Buffer> {
  await writeFile(file, log);
  const indexed = open();
  await indexed.refresh();
  await indexed.close();
  return await readFile(sidecar);
}

/** What one who opens the log now finds. */
async function reopened(mayKeep = true) {
  const indexed = open(mayKeep);
  await indexed.refresh();
  const found = readIndex(indexed.index);
  await indexed.close();
  return found;
}

describe("the index that is kept beside a log", () => {
  it("is loaded instead of reading the log, and says the same", async () => {
    const log = Buffer.concat([linesOf(40), Buffer.from("nonsense\n\n"), linesOf(30), Buffer.from("{torn")]);
    await keep(log);
    const kept = await loadSidecar(file);
    expect(kept && readIndex(kept.columns)).toEqual(parseLog(log));
    expect(await reopened()).toEqual(parseLog(log));
    expect(await readdir(folder)).toEqual(["events.idx", "events.jsonl"]);
  });

  it("holds more events than stand in one block, as an index that is made anew does", async () => {
    const log = linesOf(17_000);
    await keep(log);
    const kept = await loadSidecar(file);
    expect(kept?.columns.count).toBe(17_000);
    await writeFile(file, Buffer.concat([log, linesOf(20)]));
    await appendFile(file, linesOf(20));
    expect(await reopened()).toEqual(await reopened(false));
  }, 60_000);

  it("has also what does not fit into its columns: long lines, large numbers, times between two milliseconds", async () => {
    const text = linesOf(40).toString("utf8");
    const odd = text
      .replace(/"seq":20,/u, '"seq":1125899906842624,')
      .replace(/"step":2,/u, '"step":4294967296,')
      .replace(/"timestamp":(\d+),/u, '"timestamp":$1.25,');
    const log = Buffer.concat([Buffer.from(odd), linesOf(8, { textOf: () => "x".repeat(200_000) })]);
    await keep(log);
    const kept = await loadSidecar(file);
    expect(kept && readIndex(kept.columns)).toEqual(parseLog(log));
  });

  it("is believed in no byte that is not as it was written", async () => {
    const log = linesOf(30);
    const kept = await keep(log);
    const description = kept.indexOf("}}") + 2;
    const usual = fc.oneof(
      fc.nat({ max: description + 200 }),
      fc.nat({ max: kept.length - 1 }),
      fc.constant(kept.length - 1),
    );
    await fc.assert(
      fc.asyncProperty(usual, fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = Buffer.from(kept);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        await writeFile(sidecar, damaged);
        expect(await loadSidecar(file)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
    expect(await reopened()).toEqual(parseLog(log));
    expect(await readFile(sidecar)).toEqual(kept);
  });

  it("is believed in no part, and with nothing added", async () => {
    const log = linesOf(30);
    const kept = await keep(log);
    for (const content of [
      kept.subarray(0, 0),
      kept.subarray(0, 10),
      kept.subarray(0, -1),
      Buffer.concat([kept, kept]),
    ]) {
      await writeFile(sidecar, content);
      expect(await loadSidecar(file)).toBeUndefined();
      expect(await reopened()).toEqual(parseLog(log));
    }
  });

  it("is extended where the log has grown", async () => {
    const log = linesOf(60);
    await keep(log.subarray(0, log.length / 2));
    await appendFile(file, log.subarray(log.length / 2));
    expect(await reopened()).toEqual(parseLog(log));
    expect((await loadSidecar(file))?.proof.bytes).toBe(log.length);
  });

  it("is made again where the log is another one, though it may be as long and begin and end the same", async () => {
    const log = linesOf(400);
    const text = log.toString("utf8");
    const others = [
      linesOf(500, { runId: "another" }),
      log.subarray(0, 5000),
      Buffer.from(text.replaceAll('"seq":2', '"seq":3')),
      // Neither its beginning nor its end is another.
      Buffer.from(
        text.slice(0, 20_000) + text.slice(20_000, 60_000).replaceAll('"step":', '"sTep":') + text.slice(60_000),
      ),
    ];
    for (const other of others) {
      await keep(log);
      await writeFile(file, other);
      expect(await reopened()).toEqual(parseLog(other));
      expect(await reopened()).toEqual(parseLog(other));
      await rm(sidecar);
    }
  });

  it("fits a copy of the log and itself that kept its times", async () => {
    const log = linesOf(30);
    await keep(log);
    const { mtime } = await stat(file);
    const exact = new Date(Math.floor(mtime.getTime() / 1000) * 1000);
    await utimes(file, exact, exact);
    await rm(sidecar);
    expect(await reopened()).toEqual(parseLog(log));
    await rm(file);
    await writeFile(file, log);
    await utimes(file, exact, exact);
    const indexed = open();
    await indexed.refresh();
    expect(readIndex(indexed.index)).toEqual(parseLog(log));
  });

  it("written while the log grows, tells of the moment at which it was begun", async () => {
    await writeFile(file, linesOf(100, { end: "open" }));
    const indexed = open();
    await indexed.refresh();
    await appendFile(file, linesOf(20));
    await Promise.all([indexed.refresh(), indexed.refresh()]);
    await indexed.close();
    expect(await reopened()).toEqual(await reopened(false));
  });

  it("is written again when the log has grown by a quarter, and when it is closed", async () => {
    const log = linesOf(100);
    const cuts = [0.5, 0.55, 0.7, 0.75].map((share) => log.lastIndexOf("\n", log.length * share) + 1);
    const indexed = open();
    const kept = async () => (await loadSidecar(file))?.proof.bytes;
    let from = 0;
    for (const [round, to] of cuts.entries()) {
      await appendFile(file, log.subarray(from, to));
      from = to;
      await indexed.refresh();
      const expected = cuts[round < 2 ? 0 : 2];
      await expect.poll(kept).toBe(expected);
    }
    await indexed.close();
    expect(await kept()).toBe(cuts[3]);
  });

  it("is neither written nor believed where nothing may be kept, and not written for a short log", async () => {
    await writeFile(file, linesOf(30));
    await reopened(false);
    const short = openEventIndex(file, { mayKeep: true, newId });
    await short.refresh();
    await short.close();
    expect(await readdir(folder)).toEqual(["events.jsonl"]);
  });

  it("costs nothing but time where it cannot be written, or what lies in its place is no file", async () => {
    const log = linesOf(30);
    await writeFile(file, log);
    await mkdir(sidecar);
    expect(await reopened()).toEqual(parseLog(log));
    expect(await readdir(folder)).toEqual(["events.idx", "events.jsonl"]);
    await rm(sidecar, { recursive: true });
    // What a link leads to is not written to: the link is replaced.
    await writeFile(join(folder, "other"), "mine");
    await symlink(join(folder, "other"), sidecar);
    expect(await reopened()).toEqual(parseLog(log));
    expect(await readFile(join(folder, "other"), "utf8")).toBe("mine");
  });

  it("leaves nothing behind: what a killed process had half written goes with the next one", async () => {
    const [old, young] = [`${sidecar}.abc.tmp`, `${sidecar}.def.tmp`];
    for (const path of [old, young]) await writeFile(path, "half");
    const yesterday = new Date(Date.now() - 86_400_000);
    await utimes(old, yesterday, yesterday);
    await keep(linesOf(30));
    expect(await readdir(folder)).toEqual(["events.idx", "events.idx.def.tmp", "events.jsonl"]);
  });

  it("is no change of the run: a job is as old as its log", async () => {
    await keep(linesOf(30));
    const before = new Date(2020, 1, 1);
    await utimes(file, before, before);
    const size = (await stat(file)).size + (await stat(sidecar)).size;
    expect(await measureFolder(folder)).toEqual({ bytes: size, newest: before.getTime() });
    await rm(sidecar);
    expect((await measureFolder(folder)).newest).toBeGreaterThan(before.getTime());
  });

  it("disturbs nobody who reads or deletes run folders", async () => {
    const dir = layout.run(folder, "job", "run");
    await mkdir(dir, { recursive: true });
    file = layout.journal(dir);
    const accepted = () => Promise.all(formats.map((format) => format.accepts(dir)));
    await writeFile(file, linesOf(30, { jobId: "job", runId: "run" }));
    const before = await accepted();
    await reopened();
    expect(await readdir(dir)).toContain("events.idx");
    expect(await accepted()).toEqual(before);
    expect((await readJournal(file)).problems).toEqual([]);
    expect(await listCheckpoints(dir)).toEqual([]);
    await removeFolder(layout.job(folder, "job"), newId);
    expect(await readdir(layout.jobs(folder))).toEqual([]);
  });

  it("has the name of its log", () => {
    expect(sidecarOf("/a/events.jsonl")).toBe("/a/events.idx");
    expect(sidecarOf("/a/b.log")).toBe("/a/b.log.idx");
  });
});
