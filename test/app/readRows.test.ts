import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogReader, type LogReader } from "../../src/app/logReader";
import type { EventCount } from "../../src/app/readRows";
import type { RowFilter } from "../../src/app/rowFilter";
import { eventRowOf } from "../../src/model/eventRow";
import { kindOfType } from "../../src/model/eventRowKinds";
import type { RunEvent } from "../../src/model/events";
import { failureOf } from "../../src/model/failures";
import { largeRun, writeLargeLog } from "../support/largeLog";

const everything: RowFilter = { kinds: [], isFailuresOnly: false, text: "" };

describe("the rows of a log", () => {
  let dir: string;
  let file: string;
  let logs: LogReader;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "runtrail-rows-"));
    file = join(dir, "events.jsonl");
    logs = createLogReader({ mayWrite: () => true });
  });

  afterEach(() => {
    logs.dispose();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  });

  const write = (options: Parameters<typeof largeRun>[0]): RunEvent[] => {
    writeLargeLog(file, options);
    return largeRun(options);
  };
  const filtered = async (filter: Partial<RowFilter>, from = 0) => {
    const at: number[] = [];
    const onPart = (part: number[]) => at.push(...part);
    const looked = await logs.do("filterRows", { dir, from, filter: { ...everything, ...filter } }, { onPart });
    return { at, looked };
  };
  const positions = (events: readonly RunEvent[], matches: (event: RunEvent) => boolean) =>
    events.flatMap((event, at) => (matches(event) ? [at] : []));

  it("are counted, with their kinds and failures", async () => {
    const events = write({ events: 500, failEach: 5 });
    const count = await logs.do("countEvents", { dir });
    expect(count).toMatchObject({ count: 500, isComplete: true, isRegular: true });
    expect(count.failures).toBe(events.filter(failureOf).length);
    expect(count.kinds?.tool).toBe(events.filter(({ type }) => kindOfType(type) === "tool").length);
    expect(count).toMatchObject({ first: events[0]?.timestamp, last: events.at(-1)?.timestamp });
  });

  it("are those of the events at their positions, in any order", async () => {
    const events = write({ events: 300 });
    const at = [299, 0, 17, 18, 19, 150];
    const rows = await logs.do("readRows", { dir, at: [...at, 300, 5000] });
    expect(rows).toEqual(at.map((position) => eventRowOf(events[position] as RunEvent, position)));
  });

  it("show their end before the log has been looked through", async () => {
    const events = write({ events: 20_000 });
    const parts: EventCount[] = [];
    let early: Promise<unknown> = Promise.resolve();
    const count = await logs.do(
      "countEvents",
      { dir },
      {
        onPart(part) {
          parts.push(part);
          early = logs.do("readRows", { dir, at: [19_998, 19_999] });
        },
      },
    );
    expect(parts).toEqual([expect.objectContaining({ count: 20_000, isComplete: false })]);
    expect(await early).toEqual([19_998, 19_999].map((at) => eventRowOf(events[at] as RunEvent, at)));
    expect(count.count).toBe(20_000);
  });

  it("show their beginning while the rest is still being looked through", async () => {
    const events = write({ events: 120_000 });
    const done: string[] = [];
    const count = logs.do("countEvents", { dir }).then(() => done.push("count"));
    const at = [0, 1, 99];
    const rows = await logs.do("readRows", { dir, at });
    done.push("rows");
    await count;
    expect(rows).toEqual(at.map((each) => eventRowOf(events[each] as RunEvent, each)));
    expect(done).toEqual(["rows", "count"]);
  });

  it("are filtered by kind and failure as the events say", async () => {
    const events = write({ events: 3000, failEach: 7 });
    expect((await filtered({ kinds: ["tool"] })).at).toEqual(
      positions(events, ({ type }) => kindOfType(type) === "tool"),
    );
    expect((await filtered({ isFailuresOnly: true })).at).toEqual(
      positions(events, (event) => failureOf(event) !== undefined),
    );
    expect((await filtered({ kinds: ["model"], isFailuresOnly: true })).at).toEqual(
      positions(events, (event) => kindOfType(event.type) === "model" && failureOf(event) !== undefined),
    );
  });

  it("are found by text, and by text and kind", async () => {
    const events = write({ events: 3000, textOf: (call) => (call % 50 === 0 ? `needle ${call}` : "hay") });
    const holds = (event: RunEvent) => JSON.stringify(event).includes("needle");
    expect(positions(events, holds).length).toBeGreaterThan(5);
    expect((await filtered({ text: "needle" })).at).toEqual(positions(events, holds));
    expect((await filtered({ text: "needle", kinds: ["model"] })).at).toEqual([]);
    expect((await filtered({ text: "type:finishStep" })).at).toEqual(
      positions(events, ({ type }) => type === "finishStep"),
    );
  });

  it("go on where a filter ended when the log grows", async () => {
    const events = largeRun({ events: 1000 });
    const lines = events.map((event) => `${JSON.stringify(event)}\n`);
    writeFileSync(file, lines.slice(0, 600).join(""));
    const first = await filtered({ kinds: ["tool"] });
    expect(first.looked).toBe(600);
    appendFileSync(file, lines.slice(600).join(""));
    const second = await filtered({ kinds: ["tool"] }, first.looked);
    const byText = await filtered({ text: "readTextFile", kinds: ["tool"] }, 600);
    expect([...first.at, ...second.at]).toEqual(positions(events, ({ type }) => kindOfType(type) === "tool"));
    expect(byText.at.every((at) => at >= 600)).toBe(true);
    expect(byText.at.length).toBeGreaterThan(0);
  });

  it("are of another generation when the log was replaced", async () => {
    write({ events: 200, runId: "first" });
    const before = await logs.do("countEvents", { dir });
    const other = `${file}.new`;
    writeLargeLog(other, { events: 100, runId: "second" });
    renameSync(other, file);
    const after = await logs.do("countEvents", { dir });
    expect(after.count).toBe(100);
    expect(after.generation).not.toBe(before.generation);
    appendFileSync(file, `${JSON.stringify({ ...largeRun({ events: 8, runId: "second" })[0], seq: 101 })}\n`);
    expect(await logs.do("countEvents", { dir })).toMatchObject({ count: 101, generation: after.generation });
  });

  it("tell of a record that only looks like an event", async () => {
    const [event] = largeRun({ events: 8 });
    const broken = JSON.stringify({ ...event, seq: 2 }).slice(0, -1);
    writeFileSync(file, `${JSON.stringify(event)}\n${broken}\n${JSON.stringify({ ...event, seq: 3 })}\n`);
    const { count } = await logs.do("countEvents", { dir });
    const rows = await logs.do("readRows", { dir, at: Array.from({ length: count }, (_, at) => at) });
    expect(rows).toHaveLength(count);
    expect(rows.map(({ at }) => at)).toEqual(Array.from({ length: count }, (_, at) => at));
  });

  it("are found by the number of an event, and by a step", async () => {
    const events = write({ events: 200 });
    expect(await logs.do("findEvent", { dir, step: 3, seq: 120 })).toBe(119);
    expect(await logs.do("findEvent", { dir, step: 3 })).toBe(events.findIndex(({ step }) => step === 3));
    expect(await logs.do("findEvent", { dir, step: 10_000 })).toBeUndefined();
  });

  it("say why there are none", async () => {
    await expect(logs.do("countEvents", { dir })).rejects.toThrow(/no journal|not there/i);
  });
});
