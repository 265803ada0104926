/** Every case of every format: what is read is what its files say, as worked out without the reader. */
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunReport } from "../../src/cli/logSummary";
import { formats } from "../../src/formats/index";
import {
  byContract,
  covers,
  datedByFiles,
  type ExpectedProblem,
  inOrder,
  listCases,
  projectProblems,
  projectRuns,
  readExpected,
  unitsOfSamples,
} from "../support/formatCases";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { treeState } from "../support/treeState";
import { checkLaws } from "./foreignRunLaws";

const cases = listCases();

describe.each(cases.map((each) => [`${each.format}/${each.name}`, each] as const))(
  "the case %s",
  (_, { format: name, folder, input, isShared }) => {
    it.skipIf(isShared && !hasFixtures)("is read as its files say, and left as it was", async () => {
      const format = formats.find((each) => each.name === name);
      if (!format) throw new Error(`There is no format ${name}.`);
      const before = await treeState(input);
      expect(await format.accepts(input), `accepts ${input}`).toBe(true);
      const reading = await format.read(input);
      const expected = readExpected<RunReport[]>(folder, "run.json").map((report) => datedByFiles(input, report));
      expect(projectRuns(reading), join(folder, "run.json")).toEqual(inOrder(expected.map(byContract)));
      const problems = readExpected<ExpectedProblem[]>(folder, "problems.json");
      expect(projectProblems(input, reading), join(folder, "problems.json")).toEqual(problems);
      checkLaws(reading.runs);
      expect(await treeState(input), "the input is as it was").toBe(before);
    });
  },
);

describe.skipIf(!hasFixtures)("the samples beside the project", () => {
  it("have a case each", async () => {
    const units = await unitsOfSamples(fixturesFolder);
    expect(units.length).toBeGreaterThan(20);
    const missing = units.filter(
      ({ format, unit }) => !cases.some((each) => each.format === format && covers(each.input, unit)),
    );
    expect(missing.map(({ format, unit }) => `${format}: ${relative(fixturesFolder, unit)}`)).toEqual([]);
  });

  it("are of one system each", async () => {
    const units = await unitsOfSamples(fixturesFolder);
    const authors = new Map<string, string[]>();
    for (const { format, unit } of units) authors.set(unit, [...(authors.get(unit) ?? []), format]);
    expect([...authors].filter(([, names]) => names.length > 1)).toEqual([]);
  });
});
