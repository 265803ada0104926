import { describe, expect, it } from "vitest";
import { formatExactTime, formatOffset, ticksOf } from "../../src/webview/timeline/timeTexts";

const start = Date.UTC(2026, 1, 3, 10, 0, 0);

describe("the times of a timeline", () => {
  it.each([
    [0, "0:00.000"],
    [1250, "0:01.250"],
    [61_005, "1:01.005"],
    [3_723_004, "1:02:03.004"],
    [-100, "−0:00.100"],
  ])("%i ms after the beginning is %s", (ms, text) => {
    expect(formatOffset(start + ms, start)).toBe(text);
  });

  it("are empty where they are not known", () => {
    expect(formatOffset(0, start)).toBe("");
    expect(formatOffset(start, undefined)).toBe("");
    expect(formatExactTime(0)).toBe("");
  });

  it.each([
    [250, 50, ["0", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms"]],
    [9_000, 2000, ["0", "2 s", "4 s", "6 s", "8 s"]],
    [130_000, 30_000, ["0", "30 s", "1 min", "1 min 30 s", "2 min"]],
    [7 * 3_600_000, 2 * 3_600_000, ["0", "2 h", "4 h", "6 h"]],
  ])("an axis of %i ms has a mark each %i", (length, step, labels) => {
    expect(ticksOf(length, 5)).toEqual({ step, labels });
  });

  it("an axis has few marks, however long it is", () => {
    for (let length = 1; length < 1e12; length *= 3) {
      expect(ticksOf(length, 5).labels.length).toBeLessThanOrEqual(6);
      expect(ticksOf(length, 5).labels.length).toBeGreaterThan(0);
    }
  });
});
