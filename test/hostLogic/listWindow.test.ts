import { describe, expect, it } from "vitest";
import { type List, ListWindows } from "../../src/host/views/listWindow";

/** Of the numbers from 1 on; the newest are the highest. */
function upTo(length: number): List {
  return { id: "list", length, keyAt: (index) => index + 1, newest: "last" };
}
/** Of the numbers down to 1. */
function downFrom(length: number): List {
  return { id: "list", length, keyAt: (index) => length - index, newest: "first" };
}
function shown(windows: ListWindows, list: List): [first: string | number, last: string | number, isAway: boolean] {
  const { start, end, isAway } = windows.pieceOf(list);
  return [list.keyAt(start), list.keyAt(end - 1), isAway];
}

describe("a long list", () => {
  it("shows a page where its newest are, and follows them", () => {
    const windows = new ListWindows();
    expect(windows.pieceOf(upTo(3))).toEqual({ start: 0, end: 3, isAway: false });
    expect(shown(windows, upTo(2000))).toEqual([1501, 2000, false]);
    expect(shown(windows, upTo(2001))).toEqual([1502, 2001, false]);
    expect(shown(windows, downFrom(2000))).toEqual([2000, 1501, false]);
    expect(shown(windows, downFrom(2001))).toEqual([2001, 1502, false]);
  });

  it("shows a page more each time it is asked, up to its end, and still follows", () => {
    const windows = new ListWindows();
    windows.grow(upTo(1200), "before");
    expect(shown(windows, upTo(1200))).toEqual([201, 1200, false]);
    expect(shown(windows, upTo(1201))).toEqual([202, 1201, false]);
    windows.grow(upTo(1201), "before");
    expect(shown(windows, upTo(1201))).toEqual([1, 1201, false]);
    const down = new ListWindows();
    down.grow(downFrom(1200), "after");
    expect(shown(down, downFrom(1200))).toEqual([1200, 201, false]);
  });

  it("shows the page around what is revealed, in both directions more of it, and goes back", () => {
    const windows = new ListWindows();
    expect(windows.include(upTo(100_000), 99_999)).toBe(false);
    expect(windows.include(upTo(100_000), 40_000)).toBe(true);
    expect(shown(windows, upTo(100_000))).toEqual([39_750, 40_249, true]);
    expect(windows.include(upTo(100_000), 40_000)).toBe(false);
    // What comes meanwhile does not move it.
    expect(shown(windows, upTo(100_500))).toEqual([39_750, 40_249, true]);
    windows.grow(upTo(100_000), "before");
    windows.grow(upTo(100_000), "after");
    expect(shown(windows, upTo(100_000))).toEqual([39_250, 40_749, true]);
    windows.reset("list");
    expect(shown(windows, upTo(100_000))).toEqual([99_501, 100_000, false]);
    expect(windows.include(upTo(100_000), 5)).toBe(true);
    expect(shown(windows, upTo(100_000))).toEqual([1, 500, true]);
    expect(windows.include(downFrom(100_000), 5)).toBe(true);
    expect(shown(windows, downFrom(100_000))).toEqual([500, 1, true]);
  });

  it("follows again when it has grown to where the newest are, and when what it began with is gone", () => {
    const windows = new ListWindows();
    windows.include(upTo(1000), 400);
    expect(shown(windows, upTo(1000))).toEqual([150, 649, true]);
    windows.grow(upTo(1000), "after");
    expect(shown(windows, upTo(1000))).toEqual([150, 1000, false]);
    expect(shown(windows, upTo(1010))).toEqual([160, 1010, false]);
    windows.include(downFrom(5000), 1000);
    const without: List = { ...downFrom(5000), keyAt: (index) => -index };
    expect(shown(windows, without)).toEqual([-0, -499, false]);
    expect(windows.include(upTo(10), 11)).toBe(false);
  });
});
