/** Random scripts for the loop: every kind of answer, tool outcome and provider fault, in any order. */
import fc from "fast-check";
import { ModelError } from "../../src/runtime/ports";
import type { Turn } from "./scriptedModel";

const text = fc.string({ unit: "grapheme", maxLength: 60 });
const call = fc.oneof(
  fc.record({ tool: fc.constant("echo"), args: fc.record({ text: fc.oneof(text, fc.constant("x".repeat(40_000))) }) }),
  fc.record({ tool: fc.constantFrom("fail", "write", "noSuchTool", "attemptCompletion") }),
  fc.record({ tool: fc.constant("todo"), args: fc.record({ newTodos: fc.array(text, { maxLength: 2 }) }) }),
  fc.record({ tool: fc.constant("todo"), args: fc.record({ completedTodos: fc.array(fc.nat(4), { maxLength: 5 }) }) }),
  fc.record({ tool: fc.constant("echo"), args: fc.constantFrom('{"cut', 3, null, {}) }),
);
const fault = fc.record({ isRetryable: fc.boolean(), statusCode: fc.constantFrom(400, 429, 500) }).map(
  (details): Turn => ({
    throws: new ModelError("A fault\nof two lines", { class: "provider_unavailable", ...details }),
  }),
);
const answer = fc.record({ text, calls: fc.array(call, { minLength: 1, maxLength: 3 }) });

/** A script of at most 12 turns; it may end too early, which a run must survive as well. */
export const randomTurns: fc.Arbitrary<Turn[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: answer },
    { weight: 1, arbitrary: fc.record({ text }) },
    { weight: 1, arbitrary: fault },
    { weight: 1, arbitrary: fc.constant<Turn>({ text: "cut", finishReason: "length" }) },
  ),
  { minLength: 1, maxLength: 12 },
);
