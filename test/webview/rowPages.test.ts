import { describe, expect, it } from "vitest";
import type { EventRow } from "../../src/model/eventRow";
import { pageSize, RowPages } from "../../src/webview/timeline/rowPages";

const rowAt = (at: number): EventRow => ({
  at,
  seq: at + 1,
  time: 0,
  type: "finishStep",
  step: 1,
  level: "debug",
  text: "step done",
});
const rowsFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => rowAt(from + index));

function pagesWithAsked() {
  const asked: [number, number][] = [];
  return { asked, pages: new RowPages((from, to) => asked.push([from, to])) };
}

describe("the pages of rows", () => {
  it("are asked for once, whole, and only where they are in sight", () => {
    const { asked, pages } = pagesWithAsked();
    pages.want(150, 190, 1000);
    pages.want(151, 191, 1000);
    expect(asked).toEqual([[100, 200]]);
    pages.take(100, rowsFrom(100, 200));
    expect(pages.get(150)?.at).toBe(150);
    pages.want(150, 190, 1000);
    expect(asked).toHaveLength(1);
  });

  it("are asked for again where the list has grown since", () => {
    const { asked, pages } = pagesWithAsked();
    pages.want(0, 20, 30);
    pages.take(0, rowsFrom(0, 30));
    pages.want(0, 40, 45);
    expect(asked).toEqual([
      [0, 30],
      [0, 45],
    ]);
    expect(pages.take(0, rowsFrom(0, 45))).toBe(true);
    // An answer that was overtaken changes nothing.
    expect(pages.take(0, rowsFrom(0, 30))).toBe(false);
    expect(pages.get(44)?.at).toBe(44);
  });

  it("are not asked for while too many are on their way: what is scrolled past is left out", () => {
    const { asked, pages } = pagesWithAsked();
    for (let page = 0; page < 50; page += 1) pages.want(page * pageSize, page * pageSize + 30, 1_000_000);
    expect(asked).toHaveLength(4);
    for (const [from, to] of [...asked]) pages.take(from, rowsFrom(from, to));
    pages.want(49 * pageSize, 49 * pageSize + 30, 1_000_000);
    expect(asked.at(-1)).toEqual([4900, 5000]);
  });

  it("are let go of when there are many, those first that were not seen for long", () => {
    const { pages } = pagesWithAsked();
    for (let page = 0; page < 500; page += 1) {
      pages.want(page * pageSize, page * pageSize + 1, 1_000_000);
      pages.take(page * pageSize, rowsFrom(page * pageSize, (page + 1) * pageSize));
    }
    expect(pages.size).toBe(60);
    expect(pages.get(0)).toBeUndefined();
    expect(pages.get(499 * pageSize)?.at).toBe(499 * pageSize);
  });
});
