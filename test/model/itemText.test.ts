import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DetailsPlace, formatDetails, subjectOf } from "../../src/model/itemText";
import { fence, inlineCode, usageTable, valueText } from "../../src/model/markdownText";
import { runOf } from "../../src/model/run";
import { eventsOf, failed, recovering, runFrom, started } from "../hostLogic/sampleRuns";
import { anyEvents, nastyText } from "./arbitraryEvents";

const events = eventsOf([started, ...recovering, failed]);
const run = runFrom(events);
const show = (place: DetailsPlace) => formatDetails({ run, events }, place);

describe("the details of a run", () => {
  it("show a call with its arguments and its result unpacked, not as a blob", () => {
    const text = show({ view: "item", step: 1, seq: 4 });
    expect(text).toMatch(/^# exec · failed, recovered\n/);
    expect(text).toContain("- command: `npm`");
    expect(text).toContain('- args: `["test"]`');
    expect(text).toContain("- error: `exit code 1`");
    expect(text).toContain("- Files: src/sum.mjs (read), out/report.txt (write)");
    // The result holds a fence of its own and something like a heading: it stays inside.
    expect(text).toContain("stdout:\n\n````text\n1 failed\n```\n# not a heading\n````");
  });

  it("show a generation with what it said, asked for and used", () => {
    const text = show({ view: "item", step: 1, seq: 2 });
    expect(text).toContain("# Generation · done");
    expect(text).toContain("I run the tests.");
    expect(text).toContain("### exec");
    expect(text).toMatch(/\| Total +\| +1,000 \|/);
  });

  it("show a checkpoint as the conversation up to it and no further", () => {
    const text = show({ view: "checkpoint", step: 1 });
    expect(text.match(/^## \d+\. .*$/gmu)).toEqual(["## 1. Instruction", "## 2. User", "## 3. Expert", "## 4. Tools"]);
    expect(text).toContain("*Calls `exec npm test`*");
    expect(text).toContain("*`exec` failed:*");
    expect(text).not.toContain("The model is gone");
  });

  it("show a step with its failures and its items", () => {
    const text = show({ view: "step", step: 1 });
    expect(text).toContain("# Step 1 · recovered");
    expect(text).toContain("- recovered at step 1: exec:");
    expect(text).toContain("## exec · failed, recovered");
  });

  it("show an event with its payload but not its envelope twice", () => {
    const text = show({ view: "item", step: 2, seq: 7 });
    expect(text).toContain("# errorRun");
    expect(text).toContain("The model is gone");
    expect(text).not.toContain("jobId");
  });

  it("say so where there is no such place", () => {
    expect(show({ view: "step", step: 9 })).toBe("Step 9 is not in this run.\n");
    expect(show({ view: "item", step: 1, seq: 99 })).toBe("Event 99 is not in this step.\n");
  });

  it("never throw, whatever the events", () => {
    void fc.assert(
      fc.property(anyEvents, (random) => {
        const any = runOf(random);
        if (!any) return;
        const loaded = { run: any, events: random };
        const places: DetailsPlace[] = any.steps.flatMap(({ step, items }): DetailsPlace[] => [
          { view: "step", step },
          { view: "checkpoint", step },
          ...items.map(({ seq }): DetailsPlace => ({ view: "item", step, seq })),
        ]);
        for (const place of [{ view: "run" } as const, ...places]) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point
          expect(formatDetails(loaded, place)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/u);
        }
        for (const item of any.steps.flatMap(({ items }) => items)) expect(typeof subjectOf(item)).toBe("string");
      }),
      { numRuns: 60 },
    );
  });
});

describe("pieces of Markdown", () => {
  it("cannot be broken out of by the text in a fence", () => {
    void fc.assert(
      fc.property(fc.oneof(nastyText, fc.string({ unit: fc.constantFrom("`", "\n", "a") })), (text) => {
        const lines = fence(text).split("\n");
        const marks = lines.at(-1) ?? "";
        expect(lines[0]).toBe(`${marks}text`);
        expect(lines.slice(1, -1).every((line) => !line.includes(marks))).toBe(true);
      }),
    );
  });

  it("keep inline code on one line and closed", () => {
    expect(inlineCode("a`b\nc")).toBe("`aʼb c`");
  });

  it("put short fields into a list and long ones into blocks", () => {
    expect(valueText({ path: "a.txt", text: "one\ntwo", empty: "", n: 3 })).toBe(
      "- path: `a.txt`\n- empty: (empty)\n- n: `3`\n\ntext:\n\n```text\none\ntwo\n```",
    );
    expect(valueText({})).toBe("None.");
  });

  it("leave out the counts that are unknown", () => {
    expect(usageTable({ inputTokens: 1, outputTokens: 2, totalTokens: 3 })).not.toContain("cache");
  });
});
