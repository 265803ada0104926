import { describe, expect, it } from "vitest";
import { fewProblems } from "../../src/app/foreignUnit";

describe("the problems of a place", () => {
  const problems = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ file: "/f", line: index + 1, reason: "No." }));

  it("are all shown where a tree has room for them", () => {
    expect(fewProblems(problems(200))).toEqual(problems(200));
  });

  it("end with how many more there are, at the first of those", () => {
    const shown = fewProblems(problems(100_000));
    expect(shown).toHaveLength(200);
    expect(shown[198]).toEqual(problems(199).at(-1));
    expect(shown[199]).toMatchObject({ line: 200, reason: expect.stringContaining("99801 more problems") });
  });
});
