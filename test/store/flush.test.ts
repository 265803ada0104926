/** When a journal is flushed to the disk, and what becomes of a flush that fails. */
import * as fs from "node:fs";
import { type FileHandle, mkdtemp, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { JournalError, openJournal } from "../../src/store/journal";
import { readJournal } from "../../src/store/readJournal";
import { numberedEvent } from "../support/numberedEvents";

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return { ...real, fdatasyncSync: vi.fn(real.fdatasyncSync) };
});
const flushNow = vi.mocked(fs.fdatasyncSync);

let path = "";
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), "runtrail-flush-")), "events.jsonl");
  flushNow.mockClear();
});

const stepEnd = (seq: number): RunEvent => {
  const { id, timestamp, jobId, runId, expertKey, step } = numberedEvent(seq);
  return { ...{ id, timestamp, jobId, runId, seq, expertKey, step }, type: "finishStep", durationMs: 1 };
};

/** Flushes that wait until they are answered, in place of the disk's. */
async function holdFlushes(): Promise<PromiseWithResolvers<void>[]> {
  const handle = await open(path, "a");
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  fs.rmSync(path);
  const held: PromiseWithResolvers<void>[] = [];
  const spy = vi.spyOn(prototype, "datasync").mockImplementation(() => {
    const flush = Promise.withResolvers<void>();
    held.push(flush);
    return flush.promise;
  });
  onTestFinished(() => spy.mockRestore());
  return held;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a journal that is flushed", () => {
  it("at step ends waits for no disk: one flush at a time, and one more for all that came meanwhile", async () => {
    const held = await holdFlushes();
    const journal = await openJournal(path, "create");
    journal.append(numberedEvent(1), numberedEvent(2));
    expect(held).toHaveLength(0);
    for (const seq of [3, 4, 5]) journal.append(stepEnd(seq));
    expect(held).toHaveLength(1);
    held[0]?.resolve();
    await settle();
    expect(held).toHaveLength(2);
    held[1]?.resolve();
    await settle();
    journal.append(numberedEvent(6));
    expect(held).toHaveLength(2);
    const closed = journal.close();
    expect(held).toHaveLength(3);
    held[2]?.resolve();
    await closed;
    expect(flushNow).not.toHaveBeenCalled();
    expect((await readJournal(path)).events).toHaveLength(6);
  });

  it("with each event is on the disk before append returns; never is never", async () => {
    const held = await holdFlushes();
    const each = await openJournal(path, "create", "event");
    each.append(numberedEvent(1));
    each.append(numberedEvent(2), stepEnd(3));
    expect(flushNow).toHaveBeenCalledTimes(2);
    await each.close();
    const never = await openJournal(path, "continue", "never");
    never.append(stepEnd(4));
    await never.close();
    expect([held.length, flushNow.mock.calls.length]).toEqual([0, 2]);
  });

  it("and fails takes no event more: what the disk refused may be gone", async () => {
    const held = await holdFlushes();
    const journal = await openJournal(path, "create");
    journal.append(stepEnd(1));
    held[0]?.reject(new Error("EIO: i/o error"));
    await settle();
    expect(() => journal.append(numberedEvent(2))).toThrow(/could not be flushed to the disk: EIO/);
    expect(() => journal.append(numberedEvent(2))).toThrow(JournalError);
    // It has been told.
    await journal.close();
    expect((await readJournal(path)).events).toHaveLength(1);
  });

  it("and fails at its end says so when it is closed", async () => {
    const held = await holdFlushes();
    const journal = await openJournal(path, "create");
    journal.append(stepEnd(1));
    const closed = journal.close();
    held[0]?.reject(new Error("EIO: i/o error"));
    await expect(closed).rejects.toThrow(/flushed to the disk/);
    flushNow.mockImplementationOnce(() => {
      throw new Error("EIO: i/o error");
    });
    const each = await openJournal(path, "continue", "event");
    expect(() => each.append(numberedEvent(2))).toThrow(JournalError);
    await each.close();
  });

  it("where there is nothing to flush is none the worse", async () => {
    const held = await holdFlushes();
    const refused = () => Object.assign(new Error("EINVAL: invalid argument"), { code: "EINVAL" });
    const journal = await openJournal(path, "create");
    journal.append(stepEnd(1));
    held[0]?.reject(refused());
    await settle();
    journal.append(numberedEvent(2));
    const closed = journal.close();
    held[1]?.reject(refused());
    await closed;
    flushNow.mockImplementationOnce(() => {
      throw refused();
    });
    const each = await openJournal(path, "continue", "event");
    each.append(numberedEvent(3));
    await each.close();
    expect((await readJournal(path)).events).toHaveLength(3);
  });
});
