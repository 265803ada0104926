import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScrollSpace, tallest } from "../../src/webview/timeline/scrollSpace";

const rowHeight = 22;
const view = 600;

function spaceOf(count: number): ScrollSpace {
  const space = new ScrollSpace(rowHeight);
  space.resize(count, view);
  return space;
}

/** As a browser does it: an element is not scrolled beyond its end. */
function dragTo(space: ScrollSpace, share: number): void {
  space.scrolled((space.height - view) * share);
}

describe("the space of a list", () => {
  it("is as high as its rows, where a browser can have that", () => {
    expect(spaceOf(1000).height).toBe(22_000);
    expect(spaceOf(1000).isScaled).toBe(false);
  });

  it("is no higher than a browser can have, and still has a place for two million rows", () => {
    const space = spaceOf(2_000_000);
    expect(space.height).toBe(tallest);
    dragTo(space, 1);
    expect(space.range()).toEqual({ from: 1_999_972, to: 2_000_000 });
    expect(space.isAtEnd).toBe(true);
    dragTo(space, 0.5);
    expect(Math.abs(space.range().from - 1_000_000)).toBeLessThan(20);
    dragTo(space, 0);
    expect(space.range().from).toBe(0);
  });

  it("moves by the pixel with the wheel, wherever it is and however long", () => {
    for (const share of [0, 0.3, 0.999]) {
      const space = spaceOf(2_000_000);
      dragTo(space, share);
      const before = space.range().from;
      space.moveBy(rowHeight * 3);
      expect(space.range().from).toBe(before + 3);
    }
  });

  it("takes a small way of the element as one of the list", () => {
    const space = spaceOf(2_000_000);
    dragTo(space, 0.5);
    const before = space.range().from;
    space.scrolled(space.scrollTop + rowHeight * 5);
    expect(space.range().from).toBe(before + 5);
  });

  it("shows a row that was far away in the middle, and one beside the others at the edge", () => {
    const space = spaceOf(2_000_000);
    space.reveal(1_234_567);
    const { from, to } = space.range();
    expect(Math.abs((from + to) / 2 - 1_234_567)).toBeLessThan(2);
    space.reveal(from - 1);
    expect(space.range().from).toBe(from - 1);
  });

  it("stays where it is when the list grows, and at its end only where it was not longer than the view", () => {
    const space = spaceOf(500);
    space.reveal(100);
    const before = space.range();
    space.resize(2_000_000, view);
    expect(space.range()).toEqual(before);
  });

  it("has every row in sight when it is revealed, at its place in the view", () => {
    const counts = fc.integer({ min: 1, max: 5_000_000 });
    const moves = fc.array(
      fc.tuple(fc.constantFrom("drag", "wheel", "reveal"), fc.double({ min: 0, max: 1, noNaN: true })),
    );
    fc.assert(
      fc.property(counts, moves, fc.nat(), (count, steps, wanted) => {
        const space = spaceOf(count);
        for (const [kind, amount] of steps) {
          if (kind === "drag") dragTo(space, amount);
          else if (kind === "wheel") space.moveBy((amount - 0.5) * 5000);
          else space.reveal(Math.floor(amount * (count - 1)));
        }
        const index = wanted % count;
        space.reveal(index);
        const y = space.yOf(index) - space.scrollTop;
        expect(y).toBeGreaterThan(-0.01);
        expect(y + rowHeight).toBeLessThan(Math.max(view, rowHeight) + 0.01);
        expect(space.scrollTop).toBeLessThanOrEqual(Math.max(0, space.height - view) + 0.01);
        const { from, to } = space.range();
        expect(from <= index && index < to).toBe(true);
        expect(to - from).toBeLessThanOrEqual(Math.ceil(view / rowHeight) + 1);
      }),
      { numRuns: 300 },
    );
  });
});
