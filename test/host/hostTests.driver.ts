/** Shows each test that ran inside VS Code as a test of vitest, so that all tests are counted in one way. */

import { describe, expect, it } from "vitest";
import { runHostTests } from "../support/hostRun";

const version = process.env.RUNTRAIL_VSCODE === "1.104" ? "1.104" : "current";
const results = await runHostTests(version);

describe(`inside VS Code ${version}`, () => {
  it("ran tests", () => {
    expect(results.length).toBeGreaterThan(0);
  });
  for (const suite of new Set(results.map((result) => result.suite))) {
    describe(suite, () => {
      for (const result of results.filter((candidate) => candidate.suite === suite)) {
        it(result.name, () => {
          if (result.error === undefined) return;
          const failure = new Error(result.error.message);
          failure.name = result.error.name;
          failure.stack = result.error.stack;
          throw failure;
        });
      }
    });
  }
});
