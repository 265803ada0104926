import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress, partsOfAddress, type RunAddress } from "../../src/host/documents/runAddress";

const run = { expertKey: "@acme/fix", runId: "3f2a9c" };

describe("the address of a run's document", () => {
  it("has a title that a person can read", () => {
    expect(partsOfAddress({ view: "log", dir: "/w" }, { expertKey: "fix-the-sum", runId: "3f2a9c" }).path).toBe(
      "/fix-the-sum · 3f2a.runlog",
    );
    expect(partsOfAddress({ view: "item", dir: "/w", step: 3, seq: 9 }, run, "exec").path).toBe("/exec · step 3.md");
    expect(partsOfAddress({ view: "log", dir: "/w" }, run).path).toBe("/@acme_fix · 3f2a.runlog");
  });

  it("comes back as it was, whatever the folder's name", () => {
    const dir = fc.string({ minLength: 1, unit: "grapheme" });
    const step = fc.nat();
    const address: fc.Arbitrary<RunAddress> = fc.oneof(
      fc.record({ view: fc.constantFrom("log" as const, "run" as const), dir }),
      fc.record({ view: fc.constantFrom("step" as const, "checkpoint" as const), dir, step }),
      fc.record({ view: fc.constant("item" as const), dir, step, seq: fc.nat() }),
    );
    void fc.assert(
      fc.property(address, (each) => {
        expect(parseAddress(partsOfAddress(each, run))).toEqual(each);
      }),
    );
  });

  it("is refused where it is not ours or not whole", () => {
    expect(parseAddress({ scheme: "file", query: "view=log&dir=%2Fw" })).toBeUndefined();
    expect(parseAddress({ scheme: "runtrail", query: "view=item&dir=%2Fw&step=1" })).toBeUndefined();
    expect(parseAddress({ scheme: "runtrail", query: "view=step&dir=%2Fw&step=x" })).toBeUndefined();
  });
});
