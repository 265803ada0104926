import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AnyEvent } from "../../src/model/events";
import { describeEvent } from "../../src/model/eventText";
import { holds } from "../support/holds";
import { anyEvent } from "./arbitraryEvents";

// biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\p{Surrogate}]/u;

const usage = { inputTokens: 1000, outputTokens: 234, totalTokens: 1234 };
const event = (fields: object): AnyEvent =>
  ({ id: "e", timestamp: 0, jobId: "j", runId: "r", seq: 1, expertKey: "demo", step: 3, ...fields }) as AnyEvent;

describe("describeEvent", () => {
  it.each([
    [
      { type: "startRun", step: 0, query: "Fix\nit", provider: "anthropic", model: "claude-sonnet-4-5" },
      "info",
      "demo · started “Fix it” · with anthropic claude-sonnet-4-5",
    ],
    [
      {
        type: "finishGeneration",
        attempt: 1,
        finishReason: "toolCalls",
        text: "Let me look.",
        toolCalls: [{ id: "c", skill: "", tool: "readTextFile", args: {} }],
        usage,
        durationMs: 2100,
        cost: 0.0123,
      },
      "info",
      "demo · step 3 · answered: “Let me look.”, calls readTextFile · 2.1 s · 1.2k tokens · $0.0123",
    ],
    [
      { type: "startToolCall", toolCallId: "c", tool: "exec", args: { command: "npm", args: ["run", "a b"] } },
      "info",
      "demo · step 3 · exec npm run 'a b'",
    ],
    [
      {
        type: "finishToolCall",
        toolCallId: "c",
        tool: "exec",
        isError: true,
        result: [{ type: "textPart", text: "exit code 1\n1 failing" }],
        durationMs: 850,
      },
      "warn",
      "demo · step 3 · exec failed: exit code 1 1 failing · 850 ms",
    ],
    [
      {
        type: "errorRun",
        error: { name: "E", message: "invalid x-api-key", class: "provider_auth", statusCode: 401, isRetryable: false },
        totalUsage: usage,
        durationMs: 12_345,
      },
      "error",
      "demo · step 3 · failed: invalid x-api-key (provider_auth, 401) · 12.3 s · 1.2k tokens",
    ],
    [
      { type: "stopRun", reason: "cancelled", totalUsage: usage, durationMs: 5 },
      "info",
      "demo · step 3 · cancelled · 5 ms · 1.2k tokens",
    ],
    [{ type: "streamText", delta: "a\nb" }, "trace", "demo · step 3 · says: a b"],
  ])("tells of %j", (fields, level, text) => {
    expect(describeEvent(event(fields))).toEqual({ level, text });
  });

  it("is one short safe line for every event there can be", () => {
    const isSafe = fc.property(anyEvent, (each) => {
      const { text } = describeEvent(each);
      expect(text).not.toMatch(unsafe);
      expect(text.length).toBeLessThan(1000);
      expect(text).not.toBe("");
    });
    holds(isSafe, { numRuns: 1000 });
  });
});
