/** A search as it is typed: words, quotes, filters, and what is said of a wrong one. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type EventQuery, matchesEvent, termsOf } from "../../src/model/eventQuery";
import { type EventType, payloads, type RunEvent } from "../../src/model/events";
import { formatQuery, parseQuery, queryFilters } from "../../src/model/queryText";
import { holds } from "../support/holds";
import { anyEvents } from "./arbitraryEvents";

const now = Date.UTC(2026, 0, 31, 12);
const minute = 60_000;

describe("a search that is typed", () => {
  it.each<[string, EventQuery]>([
    ["", {}],
    ["  exit  1 ", { text: "exit 1" }],
    ['"exit 1" foo', { text: '"exit 1" foo' }],
    ['"open quo', { text: '"open quo"' }],
    ['say "a \\"b\\" \\\\ \\n"', { text: 'say "a \\"b\\" \\\\ \\\\n"' }],
    ['""', {}],
    ["type:failGate,failNode type:errorRun", { types: ["failGate", "failNode", "errorRun"] }],
    ['tool:exec tool:"my, tool"', { tools: ["exec", "my, tool"] }],
    ["Expert:writer@1.0.0", { experts: ["writer@1.0.0"] }],
    ["status:Failed", { status: "failed" }],
    ["after:-90m before:30s", { after: now - 90 * minute, before: now - 30_000 }],
    ["after:2026-01-01T10:00:00Z", { after: Date.UTC(2026, 0, 1, 10) }],
    ["after:2026-01-01", { after: new Date(2026, 0, 1).getTime() }],
    ["after:-1h after:-2h", { after: now - 60 * minute }],
    ["cost:>=0.01 cost:<=$2", { minCost: 0.01, maxCost: 2 }],
    ["cost:0.5..1", { minCost: 0.5, maxCost: 1 }],
    ["duration:2s..", { minDurationMs: 2000 }],
    ["duration:..1.5m", { maxDurationMs: 90_000 }],
    ["duration:250", { minDurationMs: 250, maxDurationMs: 250 }],
    [
      "step:3,5 step:7..9 step:>10 step:<2",
      { steps: [{ from: 3, to: 3 }, { from: 5, to: 5 }, { from: 7, to: 9 }, { from: 11 }, { from: 0, to: 1 }] },
    ],
    ["http://x a:b C:\\x", { text: '"http://x" "a:b" "C:\\\\x"' }],
    ['"type:failGate" word:', { text: '"type:failGate" "word:"' }],
    ["type:failGate needle after:-1m", { text: "needle", types: ["failGate"], after: now - minute }],
  ])("%s", (text, query) => {
    expect(parseQuery(text, now)).toEqual({ query, problems: [] });
  });

  it("more than is more, and less is less", () => {
    const costs = (text: string) => {
      const { query } = parseQuery(text, now);
      return [0, 0.01, 0.02].filter((cost) => matchesEvent(generation({ cost }), query));
    };
    expect(costs("cost:>0")).toEqual([0.01, 0.02]);
    expect(costs("cost:>0.01")).toEqual([0.02]);
    expect(costs("cost:>=0.01")).toEqual([0.01, 0.02]);
    expect(costs("cost:<0.02")).toEqual([0, 0.01]);
    expect(costs("cost:0.01")).toEqual([0.01]);
  });

  it.each([
    ["type:failgates", "There is no event type “failgates”. Did you mean “failGate”? The types are: startRun,"],
    [
      "tpye:failGate",
      'There is no filter “tpye”: did you mean “type:”? Text with a colon is written in quotes: "tpye:failGate".',
    ],
    ["status:bad", "“bad” is no status. Write one of status:failed, status:ok, status:fatal"],
    ["status:ok status:failed", "An event has one status: write “status:” once."],
    [
      "after:yesterday",
      "“yesterday” is no time. Write a date, or how long ago (s, m, h, d, w), as in after:2026-01-31T10:00",
    ],
    ["cost:cheap", "“cheap” is no cost. Write USD, as in cost:>0.01"],
    ["cost:<0", "“<0” is no cost."],
    ["duration:>2x", "“>2x” is no duration. Write ms, s, m or h behind the number"],
    ["step:one", "“one” is no step. Write a whole number"],
    ["step:1..x", "“1..x” is no step."],
  ])("says what is wrong with %s, where, and what to write instead", (text, message) => {
    const { query, problems } = parseQuery(`word ${text} type:errorRun`, now);
    expect(problems).toEqual([
      { message: expect.stringContaining(message), from: expect.any(Number), to: expect.any(Number) },
    ]);
    const [problem] = problems;
    const at = text.lastIndexOf(" ") + 1;
    expect(`word ${text} type:errorRun`.slice(problem?.from, problem?.to)).toBe(text.slice(at));
    // The rest is searched for.
    expect(query).toMatchObject({ text: "word", types: ["errorRun"] });
  });

  it("has an example of each filter that is right", () => {
    for (const example of Object.values(queryFilters)) {
      for (const each of example.split(/, | or /u)) {
        expect(parseQuery(each, now)).toMatchObject({ query: {}, problems: [] });
        expect(parseQuery(each, now).query).not.toEqual({});
      }
    }
  });

  it("reads back what it writes", () => {
    holds(
      fc.property(anyQuery, (query) => {
        expect(parseQuery(formatQuery(query), 0)).toEqual({ query, problems: [] });
      }),
    );
  });

  it("is never lost for words, and always comes to the same when it is written again", () => {
    holds(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string()), (text) => {
        const { query } = parseQuery(text, now);
        expect(parseQuery(formatQuery(query), now).query).toEqual(query);
      }),
    );
  });

  it("reads a long text in no time, however its quotes stand", () => {
    const started = performance.now();
    for (const piece of ['"', '\\"', "a:", '"\\', '" "']) parseQuery(piece.repeat(20_000), now);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("an event that is looked for", () => {
  const has = (event: RunEvent, query: EventQuery) => matchesEvent(event, query);

  it("has all words in its texts and numbers, without case unless one has a capital", () => {
    const event = call({ result: [{ type: "textPart", text: "Exit code 1:\nÉcole" }], durationMs: 1204.5 });
    for (const text of ["exit", "exit école", '"exit code"', "1204.5", "204", "EXEC"]) {
      expect([text, has(event, { text })]).toEqual([text, text !== "EXEC"]);
    }
    expect(has(event, { text: "Exit" })).toBe(true);
    expect(has(event, { text: "EXIT" })).toBe(false);
    expect(has(event, { text: "EXIT", isCaseSensitive: false })).toBe(true);
    expect(has(event, { text: "exit", isCaseSensitive: true })).toBe(false);
    expect(has(event, { text: "exit missing" })).toBe(false);
    expect(has(event, { text: '"code exit"' })).toBe(false);
  });

  it("is not found by its ids, its type, the names of its fields, or the bytes of an image", () => {
    const image = { type: "imageInlinePart" as const, encodedData: "SECRETdata", mimeType: "image/png" };
    const event = call({ result: [image] });
    for (const text of ["job-1", "run-1", "event-1", "finishToolCall", "durationMs", "result", "secretdata"]) {
      expect([text, has(event, { text })]).toEqual([text, false]);
    }
    for (const text of ["c-1", "image/png"]) expect([text, has(event, { text })]).toEqual([text, true]);
  });

  it("is found however deep a text is nested", () => {
    let args: unknown = "deep needle";
    for (let level = 0; level < 100_000; level += 1) args = [args];
    expect(
      has({ ...envelope, type: "startToolCall", toolCallId: "c", skill: "s", tool: "t", args }, { text: "needle" }),
    ).toBe(true);
  });

  it("fits by expert with any version, tool, step, time, cost and duration", () => {
    const event = call({});
    expect(has(event, { experts: ["writer"] })).toBe(true);
    expect(has(event, { experts: ["writer@1.0.0", "x"] })).toBe(true);
    expect(has(event, { experts: ["writ"] })).toBe(false);
    expect(has(event, { tools: ["exec"] })).toBe(true);
    expect(has(generation({}), { tools: ["exec"] })).toBe(false);
    expect(has(event, { steps: [{ from: 1, to: 2 }] })).toBe(false);
    expect(has(event, { steps: [{ from: 1, to: 2 }, { from: 3 }] })).toBe(true);
    expect(has(event, { after: 5000, before: 5001 })).toBe(true);
    expect(has(event, { before: 5000 })).toBe(false);
    expect(has(event, { minCost: 0 })).toBe(false);
    expect(has(event, { minDurationMs: 12, maxDurationMs: 12 })).toBe(true);
    expect(has(event, { minDurationMs: 12.5 })).toBe(false);
  });

  it("has one status: failed in a grade, or came to its end", () => {
    const failed = call({ isError: true });
    const statuses = ["failed", "ok", "fatal", "blocked", "recovered"] as const;
    const of = (event: RunEvent) => statuses.filter((status) => has(event, { status }));
    expect(of(failed)).toEqual(["failed", "recovered"]);
    expect(of(call({}))).toEqual(["ok"]);
    expect(of({ ...envelope, type: "failGate", gate: "g" })).toEqual(["failed", "blocked"]);
    expect(of({ ...envelope, type: "startGeneration", attempt: 1 })).toEqual([]);
    expect(of({ ...envelope, type: "finishDelegation", toolCallId: "c", childRunId: "r", status: "failed" })).toEqual(
      [],
    );
  });

  it("is found by each of its texts", () => {
    holds(
      fc.property(anyEvents, (events) => {
        for (const event of events) {
          if (event.type !== "logSkill" || event.line === "") continue;
          const text = `"${event.line.replace(/[\\"]/gu, "\\$&")}"`;
          expect(termsOf({ text }).words).toEqual([event.line]);
          expect(has(event, { text, isCaseSensitive: true }) && has(event, { text, isCaseSensitive: false })).toBe(
            true,
          );
        }
      }),
    );
  });
});

const envelope = {
  id: "event-1",
  jobId: "job-1",
  runId: "run-1",
  seq: 1,
  expertKey: "writer@1.0.0",
  step: 3,
  timestamp: 5000,
};

function generation(fields: { cost?: number }): RunEvent {
  return { ...envelope, type: "finishGeneration", attempt: 1, finishReason: "stop", toolCalls: [], ...fields };
}

function call(fields: Partial<Extract<RunEvent, { type: "finishToolCall" }>>): RunEvent {
  const own = { toolCallId: "c-1", skill: "s", tool: "exec", isError: false, result: [], durationMs: 12 };
  return { ...envelope, type: "finishToolCall", ...own, ...fields };
}

const types = Object.keys(payloads) as EventType[];
const name = fc.oneof(
  fc.constantFrom("exec", "a b", 'q"x', "a,b", "back\\slash"),
  fc.string({ minLength: 1, maxLength: 5 }),
);
const some = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: 1, maxLength: 3 });
const cost = fc.double({ min: 0, max: 100, noNaN: true, noDefaultInfinity: true });
const words = some(fc.oneof(name, fc.string({ unit: "binary", minLength: 1, maxLength: 4 })));
const anyQuery: fc.Arbitrary<EventQuery> = fc.record(
  {
    text: words.map((list) =>
      formatQuery({ text: list.map((word) => `"${word.replace(/[\\"]/gu, "\\$&")}"`).join(" ") }),
    ),
    types: some(fc.constantFrom(...types)),
    experts: some(name),
    tools: some(name),
    status: fc.constantFrom("failed", "ok", "fatal", "blocked", "recovered"),
    after: fc.integer({ min: 0, max: 2 ** 45 }),
    before: fc.integer({ min: 0, max: 2 ** 45 }),
    minCost: cost,
    maxCost: cost,
    minDurationMs: cost,
    maxDurationMs: cost,
    steps: some(
      fc.oneof(
        fc.record({ from: fc.nat() }),
        fc.tuple(fc.nat(), fc.nat()).map(([from, more]) => ({ from, to: from + more })),
      ),
    ),
  },
  { requiredKeys: [] },
);
