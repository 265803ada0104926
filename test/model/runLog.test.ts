import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/model/events";
import { payloads } from "../../src/model/events";
import type { Run } from "../../src/model/run";
import { runOf } from "../../src/model/run";
import type { LogLine } from "../../src/model/runLog";
import { formatRunLog } from "../../src/model/runLog";
import { holds } from "../support/holds";
import { anyEvents, arbitraryPayload } from "./arbitraryEvents";

// biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Surrogate}]/u;

const usage = { inputTokens: 1000, outputTokens: 234, totalTokens: 1234 };

/** Events with an envelope; each takes 100 ms. */
function eventsOf(list: { type: string; step: number; [key: string]: unknown }[]): RunEvent[] {
  return list.map(
    (fields, index) =>
      ({
        id: `e${index}`,
        jobId: "job-1",
        runId: "run-1",
        expertKey: "demo",
        seq: index + 1,
        timestamp: 1000 + index * 100,
        ...fields,
      }) as RunEvent,
  );
}

function logOf(events: RunEvent[]): LogLine[] {
  return formatRunLog(runOf(events) as Run, events);
}

const failedRun = eventsOf([
  {
    type: "startRun",
    step: 0,
    query: "Fix the test\nplease",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    limits: { maxSteps: 100, maxRetries: 5, timeoutMs: 1 },
    definition: { uri: "file:///work%20space/perstack.toml", line: 12 },
  },
  { type: "startGeneration", step: 1, attempt: 1, messageCount: 2 },
  {
    type: "finishGeneration",
    step: 1,
    attempt: 1,
    finishReason: "toolCalls",
    text: "I run the tests.\nThen I look.",
    toolCalls: [{ id: "c1", skill: "@perstack/base", tool: "exec", args: {} }],
    usage,
    durationMs: 2000,
  },
  {
    type: "startToolCall",
    step: 1,
    toolCallId: "c1",
    skill: "b",
    tool: "exec",
    args: { command: "npm", args: ["test"] },
  },
  {
    type: "finishToolCall",
    step: 1,
    toolCallId: "c1",
    skill: "b",
    tool: "exec",
    isError: true,
    errorClass: "tool_error",
    result: [{ type: "textPart", text: '{"error":"exit code 1","stdout":"one\\ntwo\\u001b[2J"}' }],
    durationMs: 850,
  },
  { type: "finishStep", step: 1, usage, durationMs: 400 },
  { type: "startGeneration", step: 2, attempt: 1, messageCount: 4 },
  {
    type: "errorRun",
    step: 2,
    error: {
      name: "E",
      message: "invalid x-api-key",
      class: "provider_auth",
      statusCode: 401,
      isRetryable: false,
      cause: "body",
    },
    location: { uri: "file:///work%20space/perstack.toml", line: 12 },
    totalUsage: usage,
    durationMs: 700,
  },
]);

const node = (name: string, type: string, step: number, more: object = {}) => ({ type, step, node: name, ...more });
const workflow = eventsOf([
  { type: "startRun", step: 0, query: "" },
  node("lint", "readyNode", 1, { phase: "scan" }),
  node("test", "readyNode", 2, { phase: "scan", iteration: 1 }),
  node("lint", "startNode", 1, { phase: "scan" }),
  node("test", "startNode", 2, { phase: "scan", iteration: 1 }),
  node("lint", "finishNode", 1, { phase: "scan", usage, cost: 0.5 }),
  node("test", "failNode", 2, { iteration: 1, reason: "exit code 1", class: "tool_error" }),
  node("test", "retryNode", 2, { iteration: 2, reason: "once more" }),
  node("test", "startNode", 2, { iteration: 2 }),
  node("test", "finishNode", 2, { iteration: 2 }),
  node("old", "finishNode", 3, { isCached: true, usage }),
  node("notes", "skipNode", 4, { reason: "when: condition false" }),
  node("publish", "skipNode", 5, { reason: "test failed before it", isInferred: true }),
  node("slow", "startNode", 6),
  { type: "stopRun", step: 6, reason: "cancelled", durationMs: 1400 },
]);

describe("the log of a workflow", () => {
  it("keeps together what belongs to a node, with its name, its phase and how it went", () => {
    const lines = logOf(workflow);
    const steps = lines.slice(lines.findIndex(({ kind }) => kind === "step"));
    expect(steps.map(({ text }) => text).join("\n")).toMatchInlineSnapshot(`
      "Step 1 · lint · phase scan · done · 400 ms · 1.2k tokens · $0.5000
        node lint finished · 1.2k tokens · 200 ms

      Step 2 · test · phase scan · ~ recovered · 700 ms
        ~ recovered: node test #1 failed: exit code 1 · 200 ms
        node test #2 is tried again: once more
        node test #2 finished · 100 ms

      Step 3 · old · from the cache
        node old taken from the cache · 1.2k tokens

      Step 4 · notes · skipped
        node notes skipped: when: condition false

      Step 5 · publish · never ran
        node publish never ran: test failed before it

      Step 6 · slow · not finished · 100 ms
        node slow started · did not finish
        cancelled · 1.4 s"
    `);
  });

  it("has a line for the event of each failure to jump to", () => {
    const lines = logOf(workflow);
    expect(lines.filter(({ kind, grade }) => kind === "item" && grade === "recovered").map(({ seq }) => seq)).toEqual([
      7,
    ]);
  });
});

describe("formatRunLog", () => {
  it("tells a failed run from its head to the failing step", () => {
    const text = logOf(failedRun)
      .map((line) => line.text)
      .filter((line) => !line.startsWith("Started"))
      .join("\n");
    expect(text).toMatchInlineSnapshot(`
      "demo · failed
      Query       Fix the test
        please
      Model       anthropic claude-sonnet-4-5
      Error       invalid x-api-key (provider_auth, 401)
      Failures    ✗ 1 fatal, ~ 1 recovered
        ~ recovered at step 1: exec: exit code 1
        ✗ fatal at step 2: invalid x-api-key
      Took        700 ms · 2 steps · 1 tool call
      Tokens      1.2k (in 1.0k, out 234)
      Definition  /work space/perstack.toml:12
      Job         job-1
      Run         run-1

      Step 1 · ~ recovered · 400 ms · 1.2k tokens
        model · I run the tests. Then I look. · 2.0 s · 1.2k tokens
          ended with tool calls · in 1.0k, out 234
          I run the tests.
          Then I look.
        ~ exec npm test · failed, recovered · 850 ms
          command: npm
          args: ["test"]
          ~ recovered, tool_error:
            error: exit code 1
            stdout:
              one
              two\\x1b[2J

      Step 2 · ✗ failed · 100 ms
        model · did not answer
        ✗ fatal: invalid x-api-key (provider_auth, 401)
          cause: body
          look at /work space/perstack.toml:12"
    `);
  });

  it("marks the line of each failure with its event, grade and tool call", () => {
    const lines = logOf(failedRun);
    const recovered = lines.find(({ seq }) => seq === 5);
    expect(recovered).toMatchObject({
      grade: "recovered",
      step: 1,
      toolCallId: "c1",
      text: "    ~ recovered, tool_error:",
    });
    const fatal = lines.find(({ seq }) => seq === 8);
    expect(fatal).toMatchObject({ grade: "fatal", step: 2, depth: 2, kind: "item" });
  });

  it("names the file a tool call is about: the one it changed, else the one it was asked for", () => {
    const lines = logOf(
      eventsOf([
        {
          type: "startToolCall",
          step: 1,
          toolCallId: "a",
          skill: "b",
          tool: "editTextFile",
          args: { path: "asked.ts" },
        },
        {
          type: "finishToolCall",
          step: 1,
          toolCallId: "a",
          skill: "b",
          tool: "editTextFile",
          isError: true,
          result: [],
          durationMs: 1,
        },
        { type: "startToolCall", step: 1, toolCallId: "b", skill: "b", tool: "exec", args: {} },
        {
          type: "finishToolCall",
          step: 1,
          toolCallId: "b",
          skill: "b",
          tool: "exec",
          isError: false,
          result: [],
          durationMs: 1,
          touched: [
            { path: "read.ts", change: "read" },
            { path: "written.ts", change: "write" },
          ],
        },
      ]),
    );
    expect(lines.filter(({ kind }) => kind === "item").map(({ path }) => path)).toEqual(["asked.ts", "written.ts"]);
  });

  it("keeps calls of one step apart that ended in another order", () => {
    const call = (type: string, toolCallId: string, more: object) => ({
      type,
      step: 1,
      toolCallId,
      skill: "b",
      tool: toolCallId,
      ...more,
    });
    const end = { isError: false, durationMs: 1 };
    const lines = logOf(
      eventsOf([
        call("startToolCall", "first", { args: {} }),
        call("startToolCall", "second", { args: {} }),
        call("finishToolCall", "second", { ...end, result: [{ type: "textPart", text: "two" }] }),
        call("finishToolCall", "first", { ...end, result: [{ type: "textPart", text: "one" }] }),
      ]),
    );
    const shown = lines.filter(({ depth }) => depth >= 2).map(({ text }) => text.trim());
    expect(shown).toEqual(["first · done · 1 ms", "→ result:", "one", "second · done · 1 ms", "→ result:", "two"]);
  });

  it("says of what is under way that it runs, and of what a crash cut off that it did not finish", () => {
    const events = eventsOf([
      { type: "startGeneration", step: 1, attempt: 1, messageCount: 2 },
      { type: "startToolCall", step: 1, toolCallId: "c", skill: "b", tool: "exec", args: {} },
    ]);
    expect(logOf(events).map(({ text }) => text.trim())).toEqual(
      expect.arrayContaining(["model · is asked…", "exec · running…"]),
    );
    const crashed = [
      ...events,
      ...eventsOf([
        {
          type: "errorRun",
          step: 1,
          seq: 3,
          error: { name: "E", message: "gone", class: "interrupted", isRetryable: false },
          totalUsage: usage,
          durationMs: 1,
        },
      ]),
    ];
    expect(logOf(crashed).map(({ text }) => text.trim())).toEqual(
      expect.arrayContaining(["model · did not answer", "exec · did not finish"]),
    );
  });

  it("limits long results and says how much is left out", () => {
    const result = [{ type: "textPart", text: `${"line\n".repeat(100)}${"x".repeat(600)}` }];
    const lines = logOf(
      eventsOf([
        {
          type: "finishToolCall",
          step: 1,
          toolCallId: "c",
          skill: "b",
          tool: "t",
          isError: false,
          result,
          durationMs: 1,
          spilled: { file: "spill/abc", bytes: 1_234_567 },
        },
      ]),
    ).map(({ text }) => text.trim());
    expect(lines).toContain("… 41 more lines");
    expect(lines).toContain("… the whole result (1.2 MB) is in spill/abc");
  });

  it("shows the answer of a finished run at the end", () => {
    const lines = logOf(
      eventsOf([{ type: "finishRun", step: 1, text: "All\ngood", totalUsage: usage, durationMs: 1 }]),
    );
    expect(lines.slice(-3).map(({ text }) => text)).toEqual(["Result · 1 ms · 1.2k tokens", "  All", "  good"]);
  });

  it("never throws, never lets a control character through, and has a line for every failure, whatever the events", () => {
    holds(
      fc.property(anyEvents, (events) => {
        const run = runOf(events);
        if (!run) return;
        const lines = formatRunLog(run, events);
        for (const { text } of lines) expect(text).not.toMatch(unsafe);
        for (const { seq, grade } of run.failures) {
          expect(lines.some((line) => line.seq === seq && line.grade === grade)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("is fed by payloads that are valid", () => {
    for (const type of Object.keys(payloads) as (keyof typeof payloads)[]) {
      holds(
        fc.property(arbitraryPayload(type), (payload) => {
          expect(payloads[type].safeParse(payload).success).toBe(true);
        }),
        { numRuns: 20 },
      );
    }
  });

  it("does not take long for a result of many lines", () => {
    const result = [
      { type: "textPart", text: JSON.stringify(Array.from({ length: 200_000 }, (_, index) => `line ${index}`)) },
    ];
    const lines = logOf(
      eventsOf([
        {
          type: "finishToolCall",
          step: 1,
          toolCallId: "c",
          skill: "b",
          tool: "t",
          isError: false,
          result,
          durationMs: 1,
        },
      ]),
    );
    expect(lines.length).toBeLessThan(100);
    expect(lines.map(({ text }) => text.trim())).toContain("… more than 10000 more lines");
  });
});
