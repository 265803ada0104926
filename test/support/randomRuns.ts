/** Random scripts for the loop: every kind of answer, tool outcome and provider fault, in any order. */
import fc from "fast-check";
import type { RunEvent } from "../../src/model/events";
import { ModelError } from "../../src/runtime/ports";
import { type LoopOptions, runLoop } from "./loopHarness";
import { scriptedModel, type Turn } from "./scriptedModel";

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

export interface RandomRun {
  turns: Turn[];
  maxSteps: number;
  /** Of the event after which someone cancels it, counted from 1. */
  cancelledAt: number | undefined;
}

/** Its end may be any: it finishes, fails, runs out of steps or is cancelled. */
export const randomRun: fc.Arbitrary<RandomRun> = fc.record({
  turns: randomTurns,
  maxSteps: fc.oneof(
    { weight: 3, arbitrary: fc.constant(20) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
  cancelledAt: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 25 }) },
  ),
});

/** The events of such a run. */
export async function doRun(
  { turns, maxSteps, cancelledAt }: RandomRun,
  setup: LoopOptions["setup"] = {},
): Promise<RunEvent[]> {
  const abort = new AbortController();
  let count = 0;
  const { events } = await runLoop(scriptedModel(turns), {
    setup,
    limits: { maxSteps },
    signal: abort.signal,
    onEvent() {
      count += 1;
      if (count === cancelledAt) abort.abort();
    },
  });
  return events;
}
