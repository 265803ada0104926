import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { retryDelay } from "../../src/runtime/backoff";
import { holds } from "../support/holds";

describe("the delay before trying again", () => {
  it("doubles from 2 s to 32 s, and stays there", () => {
    expect([1, 2, 3, 4, 5, 6, 60].map((attempt) => retryDelay(attempt, 1, undefined))).toEqual([
      2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000,
    ]);
  });

  it("is spread over the upper half of its step, so that many do not come back at once", () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const [least, delay, most] = [0, random, 1].map((each) => retryDelay(attempt, each, undefined));
        expect(delay).toBeGreaterThanOrEqual(least ?? 0);
        expect(delay).toBeLessThanOrEqual(most ?? 0);
        expect(least).toBe((most ?? 0) / 2);
      }),
    );
  });

  it("is never shorter than what the provider asks for", () => {
    expect(retryDelay(1, 0, 60_000)).toBe(60_000);
    expect(retryDelay(5, 1, 1_000)).toBe(32_000);
  });
});
