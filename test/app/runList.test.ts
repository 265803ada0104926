import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/app/runIndex";
import { RunList } from "../../src/app/runList";

const dirs = ["a", "b", "c", "d", "e", "f"].map((name) => `/jobs/j/runs/${name}`);
const change = fc.record({
  dir: fc.constantFrom(...dirs),
  /** None: it goes. */
  startedAt: fc.option(fc.nat(3), { nil: undefined }),
  steps: fc.nat(5),
  parentRunId: fc.option(fc.constantFrom("p", "q"), { nil: undefined }),
});

describe("the list of runs", () => {
  it("is in order after any changes, and says when one came, went or changed its place", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const list = new RunList();
        const expected = new Map<string, RunSummary>();
        for (const { dir, startedAt, steps, parentRunId } of changes) {
          const [before, version] = [list.all, list.version];
          if (startedAt === undefined) {
            expect(list.delete(dir)).toBe(expected.delete(dir));
          } else {
            const run = summary({ dir, startedAt, steps, ...(parentRunId && { parentRunId }) });
            list.set(run);
            expected.set(dir, run);
          }
          expect(list.all).toEqual([...expected.values()].sort(inOrder));
          expect(list.version === version).toBe(places(before) === places(list.all));
        }
      }),
    );
  });

  it("does not change under the hands of who looks at it", () => {
    const list = new RunList();
    list.set(summary({ dir: "a", startedAt: 1, steps: 0 }));
    const seen = list.all;
    list.set(summary({ dir: "b", startedAt: 2, steps: 0 }));
    list.set(summary({ dir: "a", startedAt: 1, steps: 5 }));
    expect(seen).toMatchObject([{ dir: "a", steps: 0 }]);
    expect(list.all).toMatchObject([{ dir: "b" }, { dir: "a", steps: 5 }]);
  });
});

function summary(fields: Pick<RunSummary, "dir" | "startedAt" | "steps"> & Partial<RunSummary>): RunSummary {
  const runId = fields.dir.slice(-1);
  return { jobId: "j", runId, expertKey: "solo", query: "Do", status: "finished", isHere: false, ...fields };
}

/** Newest first. */
function inOrder(a: RunSummary, b: RunSummary): number {
  return b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : -1);
}

function places(runs: readonly RunSummary[]): string {
  return JSON.stringify(runs.map(({ dir, startedAt, parentRunId }) => [dir, startedAt, parentRunId]));
}
