/** The choice of when a run's log is flushed reaches its journal, those of its delegates, and it when it goes on. */
import * as fs from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import type { FlushMode } from "../../src/app/app";
import { isLive } from "../../src/model/eventKinds";
import { expertsToml, openJobBench } from "../support/jobs";

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  return { ...real, fdatasyncSync: vi.fn(real.fdatasyncSync) };
});

const toml = expertsToml({ coordinator: 'delegates = ["worker"]', worker: "" });

/** Plays a run that delegates, stops at a limit and goes on; gives how often a journal was flushed. */
async function flushesOf(flush: FlushMode | undefined) {
  const handle = await open(process.execPath);
  const aside = vi.spyOn<FileHandle, "datasync">(Object.getPrototypeOf(handle), "datasync");
  await handle.close();
  vi.mocked(fs.fdatasyncSync).mockClear();
  const delegates = { toolCalls: [{ name: "worker", args: { query: "Part" } }] };
  const bench = await openJobBench(toml, {
    coordinator: (_, turn) => (turn === 0 ? delegates : { text: "End" }),
    worker: () => ({ text: "Done" }),
  });
  try {
    const { dir, outcome } = await bench.start({ maxSteps: 2, flush });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "maxSteps" });
    expect((await bench.resume({ dir, maxSteps: 9, flush })).outcome).toMatchObject({ status: "finished" });
    const events = bench.heard.filter((event) => !isLive(event)).length;
    return { events, atOnce: vi.mocked(fs.fdatasyncSync).mock.calls.length, aside: aside.mock.calls.length };
  } finally {
    aside.mockRestore();
    await bench.close();
  }
}

it("is flushed when it was asked for: at step ends, with each event, or never", async () => {
  const [usual, step] = [await flushesOf(undefined), await flushesOf("step")];
  // Each of the three journals that were opened at least once, and none of them with every event.
  for (const each of [usual, step]) {
    expect([each.atOnce, each.aside >= 3, each.aside < each.events]).toEqual([0, true, true]);
  }
  const event = await flushesOf("event");
  expect([event.atOnce, event.aside]).toEqual([event.events, 0]);
  expect(await flushesOf("never")).toMatchObject({ atOnce: 0, aside: 0 });
});
