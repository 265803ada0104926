import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatCost,
  formatCount,
  formatDuration,
  formatTime,
  formatTokens,
} from "../../src/model/formatting";
import { holds } from "../support/holds";

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [849.6, "850 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [12_345, "12.3 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 00 s"],
    [245_000, "4 min 05 s"],
    [3_599_600, "1 h 00 min"],
    [7_380_000, "2 h 03 min"],
    [-5, "0 ms"],
    [Number.NaN, "0 ms"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("never writes 60 seconds or 60 minutes", () => {
    holds(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (ms) => {
        expect(formatDuration(ms)).not.toMatch(/\b60(\.0)? (s|min)|\b1000 ms/u);
      }),
    );
  });
});

describe("formatTokens", () => {
  it.each([
    [0, "0"],
    [950, "950"],
    [999, "999"],
    [1000, "1.0k"],
    [12_345, "12.3k"],
    [99_950, "100k"],
    [123_456, "123k"],
    [999_500, "1.0M"],
    [1_234_567, "1.2M"],
  ])("writes %d as %s", (count, text) => {
    expect(formatTokens(count)).toBe(text);
  });
});

describe("formatCost", () => {
  it.each([
    [undefined, ""],
    [Number.NaN, ""],
    [0, "$0"],
    [0.00001, "<$0.0001"],
    [0.0123, "$0.0123"],
    [0.99996, "$1.00"],
    [1.234, "$1.23"],
  ])("writes %s as “%s”", (usd, text) => {
    expect(formatCost(usd)).toBe(text);
  });
});

describe("formatBytes and formatCount", () => {
  it("chooses the unit", () => {
    expect([812, 12_345, 999_950, 1_200_000].map(formatBytes)).toEqual(["812 B", "12.3 kB", "1.0 MB", "1.2 MB"]);
  });

  it("uses the plural for everything but one", () => {
    expect([0, 1, 2].map((count) => formatCount(count, "step"))).toEqual(["0 steps", "1 step", "2 steps"]);
  });
});

describe("formatTime", () => {
  it("writes local time", () => {
    expect(formatTime(new Date(2026, 1, 3, 4, 5, 6).getTime())).toBe("2026-02-03 04:05:06");
  });

  it("writes nothing for what is no time", () => {
    expect(formatTime(Number.NaN)).toBe("");
    expect(formatTime(1e300)).toBe("");
  });
});
