/** The digest of failures: what it says, how small it stays, and what is left out first. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventPayload, RunEvent } from "../../src/model/events";
import {
  countTokens,
  describeDigestSize,
  digestFailures,
  digestLines,
  digestMarkdown,
} from "../../src/model/failureDigest";
import { runOf } from "../../src/model/run";
import { anyEvents } from "./arbitraryEvents";

type Told = EventPayload & { step?: number };

function digest(payloads: readonly Told[], options?: Parameters<typeof digestFailures>[2]) {
  const events = payloads.map(
    ({ step = 1, ...payload }, index): RunEvent => ({
      ...{
        id: `e${index}`,
        timestamp: 1000 + index,
        jobId: "j",
        runId: "r",
        seq: index + 1,
        expertKey: "tester",
        step,
      },
      ...(payload as EventPayload),
    }),
  );
  const run = runOf(events);
  if (!run) throw new Error("no events");
  return digestFailures(run, events, options);
}

const start: Told = { type: "startRun", query: "Mend it", model: "claude-sonnet-4-5", step: 0 };

function failedCall(step: number, text: string, args: unknown = { command: `npm run ${step}` }): Told[] {
  const call = { toolCallId: `c${step}`, skill: "@perstack/base", tool: "exec", step };
  const result = [{ type: "textPart" as const, text }];
  return [
    { type: "startToolCall", ...call, args },
    { type: "finishToolCall", ...call, isError: true, errorClass: "tool_error", result },
  ];
}

const end: Told = {
  type: "errorRun",
  error: { name: "E", message: "Too many requests", class: "provider_rate_limit", isRetryable: true, cause: "429" },
  step: 3,
};

describe("the digest of failures", () => {
  it("says of each failing step its type, class and reason, and what was called", () => {
    const told = digest([start, ...failedCall(2, "exit 1"), end]);
    expect(digestLines(told).map((line) => JSON.parse(line))).toEqual([
      {
        ...{ type: "finishToolCall", step: 2, grade: "recovered", class: "tool_error", reason: "exit 1" },
        ...{ tool: "exec", args: '{"command":"npm run 2"}' },
      },
      { type: "errorRun", step: 3, grade: "fatal", class: "provider_rate_limit", reason: "Too many requests (429)" },
    ]);
    expect(digestMarkdown(told)).toBe(
      [
        "**tester: Mend it**: failed (run `r`)",
        "",
        '- step 2, recovered: finishToolCall tool_error (`exec` with `{"command":"npm run 2"}`): exit 1',
        "- step 3, fatal: errorRun provider_rate_limit: Too many requests (429)",
      ].join("\n"),
    );
  });

  it("names the node and the attempt", () => {
    const node = { node: "build", iteration: 2, step: 4 };
    const told = digest([
      start,
      { type: "startNode", ...node },
      { type: "failNode", ...node, reason: "Disk full\nat /tmp", class: "transient_io" },
    ]);
    expect(told.failures).toMatchObject([{ node: "build", iteration: 2, step: 4, grade: "blocked" }]);
    expect(told.failures[0]?.reason).toContain("at /tmp");
  });

  it("counts what failed in the same way again and again", () => {
    const again = Array.from({ length: 4 }, (_, index) => failedCall(1, "exit 1", { index: index < 4 })).flat();
    expect(digest([start, ...again]).failures).toMatchObject([{ times: 4 }]);
  });

  it("keeps all of a few, and of many those of the last events and the end", () => {
    const quiet: Told[] = Array.from({ length: 80 }, (_, step) => ({ type: "finishStep", step }));
    const few = digest([start, ...failedCall(1, "old"), ...quiet]);
    expect([few.failures.length, few.leftOut]).toEqual([1, 0]);
    const many = Array.from({ length: 6 }, (_, index) => failedCall(index + 1, "old")).flat();
    const told = digest([start, ...many, ...quiet.slice(0, 28), ...failedCall(90, "new")]);
    expect(told.failures.map(({ step }) => step)).toEqual([6, 90]);
    expect(told.leftOut).toBe(5);
    expect(digestMarkdown(told)).toContain("- 5 more failures before, left out");
    expect(digest([start, ...many, ...quiet, ...failedCall(90, "new")], { events: 200 }).failures).toHaveLength(7);
  });

  it("stays below 500 tokens, and leaves out first what the run got past", () => {
    const long = "The file could not be written because the disk is full. ".repeat(50);
    const many = Array.from({ length: 25 }, (_, index) => failedCall(index + 1, `${index} ${long}`)).flat();
    const told = digest([start, ...many, end]);
    expect(countTokens(digestLines(told).join("\n"))).toBeLessThan(500);
    expect(told.failures.at(-1)).toMatchObject({ grade: "fatal" });
    expect(told.failures.length + told.leftOut).toBe(26);
    expect(told.leftOut).toBeGreaterThan(0);
  });

  it("says what it and the whole log take, and what that costs where the model's price is known", () => {
    const told = digest([start, ...failedCall(2, "exit 1"), end]);
    expect(told.log.tokens).toBeGreaterThan(countTokens(digestLines(told).join("\n")));
    expect(told.log.cost).toBeCloseTo((told.log.tokens * 3) / 1_000_000, 10);
    expect(describeDigestSize("one two", told, "claude-sonnet-4-5")).toMatch(
      /^about 2 tokens; the whole log has about \d+, about \$0\.\d{4} as input of claude-sonnet-4-5$/u,
    );
    const unknown = digest([{ type: "startRun", query: "q", step: 0 }, end]);
    expect(unknown.log).not.toHaveProperty("cost");
    expect(describeDigestSize("one two", unknown)).toMatch(/^about 2 tokens; the whole log has about \d+$/u);
  });

  it("counts a long log by its beginning", () => {
    const long = digest([start, ...failedCall(2, "word ".repeat(400_000))]);
    const half = digest([start, ...failedCall(2, "word ".repeat(200_000))]);
    expect(long.log.tokens / half.log.tokens).toBeCloseTo(2, 1);
  });

  it("takes any run, in lines that are JSON and Markdown that does not break out", () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const run = runOf(events);
        if (!run) return;
        const told = digestFailures(run, events);
        for (const line of digestLines(told)) expect(JSON.parse(line)).toHaveProperty("reason");
        expect(digestMarkdown(told).split("\n")).toHaveLength(
          2 + Math.max(1, told.failures.length) + (told.leftOut > 0 ? 1 : 0),
        );
      }),
      { numRuns: 200 },
    );
  });
});
