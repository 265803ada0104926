import { describe, expect, it } from "vitest";
import { filterMatcher } from "../../src/app/rowFilter";
import type { RowSource } from "../../src/host/timeline/rowSource";
import { RunList } from "../../src/host/timeline/runList";
import { eventRowOf } from "../../src/model/eventRow";
import { noFilter } from "../../src/model/timelineFilter";
import type { TimelineFilter } from "../../src/model/timelineMessages";
import { largeRun } from "../support/largeLog";
import { waitUntil } from "../support/waitUntil";

const all = largeRun({ events: 600, failEach: 5 });

/** A run that has had `count` of the events; a filter gives ten positions at once. */
function sourceOf(run: { count: number }): RowSource & { filtered: number[] } {
  const filtered: number[] = [];
  return {
    filtered,
    count: () => Promise.reject(new Error("The list does not count.")),
    rows: async (at) => at.flatMap((each) => (all[each] ? [eventRowOf(all[each], each)] : [])),
    async filter(filter, from, signal, onPart) {
      filtered.push(from);
      const matches = filterMatcher(filter, 0);
      const { count } = run;
      for (let at = from; at < count; at += 10) {
        await Promise.resolve();
        signal.throwIfAborted();
        const part = all
          .slice(at, Math.min(count, at + 10))
          .flatMap((event, index) => (matches(event) ? [at + index] : []));
        onPart(part);
      }
      return count;
    },
    find: () => Promise.resolve(undefined),
  };
}

function listOf(filter: Partial<TimelineFilter> = {}, count = all.length) {
  const run = { count };
  const source = sourceOf(run);
  const heard = { changes: 0 };
  const list = new RunList(source, { ...noFilter, ...filter }, () => {
    heard.changes += 1;
  });
  const grow = (to: number) => {
    run.count = to;
    list.grow({ count: to, generation: "1", isRegular: true, isComplete: true });
  };
  grow(count);
  return { list, grow, heard, source, settled: () => waitUntil("the search to end", () => !list.isBusy) };
}

const toolPositions = (count = all.length) =>
  all.slice(0, count).flatMap(({ type }, at) => (type.endsWith("ToolCall") ? [at] : []));

describe("the list of a run's timeline", () => {
  it("is all events, by their position", async () => {
    const { list, source } = listOf();
    expect([list.count, list.isBusy]).toEqual([600, false]);
    expect((await list.rows(598, 700)).map(({ at }) => at)).toEqual([598, 599]);
    expect(list.indexOf(17)).toBe(17);
    expect(source.filtered).toEqual([]);
  });

  it("is what a filter lets through, and goes on where that ended when the run does", async () => {
    const { list, grow, settled, source } = listOf({ kinds: ["tool"] }, 300);
    expect(list.isBusy).toBe(true);
    await settled();
    expect((await list.rows(0, 1000)).map(({ at }) => at)).toEqual(toolPositions(300));
    grow(450);
    grow(600);
    await waitUntil("the rest", () => !list.isBusy && list.count === toolPositions().length);
    expect((await list.rows(0, 1000)).map(({ at }) => at)).toEqual(toolPositions());
    expect(source.filtered.every((from) => from === 0 || from >= 300)).toBe(true);
  });

  it("says where an event is, or the next one that is shown, once that is known", async () => {
    const { list, settled } = listOf({ kinds: ["tool"] });
    expect(list.indexOf(500)).toBeUndefined();
    await settled();
    const shown = toolPositions();
    const next = shown.findIndex((at) => at >= 500);
    expect(list.indexOf(500)).toBe(next);
    expect(list.indexOf(599)).toBe(shown.length - 1);
  });

  it("leads from failure to failure, of those that are shown, and around the ends", async () => {
    const { list } = listOf();
    const first = await list.findFailure(-1, 1);
    const second = await list.findFailure(first?.index ?? 0, 1);
    expect((await list.rows(first?.index ?? 0, (first?.index ?? 0) + 1))[0]?.grade).toBe("recovered");
    expect(await list.findFailure(second?.index ?? 0, -1)).toEqual(first);
    const last = await list.findFailure(0, -1);
    expect(last?.isWrapped).toBe(true);
    expect(await list.findFailure(last?.index ?? 0, 1)).toEqual({ index: first?.index, isWrapped: true });

    const tools = listOf({ kinds: ["tool"] });
    await tools.settled();
    const found = await tools.list.findFailure(-1, 1);
    const [row] = await tools.list.rows(found?.index ?? 0, (found?.index ?? 0) + 1);
    expect(row).toMatchObject({ type: "finishToolCall", grade: "recovered" });
    const skills = listOf({ kinds: ["skill"] });
    await skills.settled();
    expect(await skills.list.findFailure(-1, 1)).toBeUndefined();
  });

  it("keeps what was found when the search is stopped, and looks for no more", async () => {
    const { list, grow, settled, source } = listOf({ kinds: ["tool"] }, 300);
    await waitUntil("something", () => list.count > 0);
    list.stop();
    await settled();
    const { count } = list;
    grow(600);
    expect([list.isBusy, list.count, list.problem]).toEqual([false, count, undefined]);
    expect(source.filtered).toEqual([0]);
  });

  it("says what of the text means nothing", () => {
    expect(listOf({ text: "tpye:exec" }).list.problem).toMatch(/type/);
  });
});
