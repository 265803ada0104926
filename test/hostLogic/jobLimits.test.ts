import { expect, it } from "vitest";
import { smallerLimits } from "../../src/host/jobLimits";

it("a job keeps to the smaller of its definition's limit and the user's", () => {
  expect(smallerLimits({ maxTokens: 100, maxCost: 2 }, { maxTokens: 50, maxCost: 3 })).toEqual({
    maxTokens: 50,
    maxCost: 2,
  });
  expect(smallerLimits({}, { maxTokens: 50 })).toEqual({ maxTokens: 50 });
  expect(smallerLimits({ maxCost: 1 }, undefined)).toEqual({ maxCost: 1 });
  expect(smallerLimits({}, {})).toEqual({});
});
