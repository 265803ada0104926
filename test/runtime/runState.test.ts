import { describe, expect, it } from "vitest";
import { newId } from "../../src/app/newId";
import type { RunEvent } from "../../src/model/events";
import { createRedactor } from "../../src/model/redact";
import { RunFailure } from "../../src/runtime/runFailure";
import { RunState } from "../../src/runtime/runState";

function openState(record: (...events: readonly RunEvent[]) => void) {
  const recorder = {
    record,
    stream: () => undefined,
    spill: () => Promise.reject(new Error("nothing is spilled here")),
    saveCheckpoint: () => Promise.resolve(),
  };
  const clock = {
    now: () => 1,
    elapsed: () => 1,
    sleep: () => Promise.resolve(),
    after: () => ({ dispose: () => undefined }),
  };
  return new RunState(
    { jobId: "j", runId: "r", expertKey: "solo", expertVersion: "1.0.0" },
    { recorder, clock, newId, redactor: createRedactor(["secret-word"]) },
    undefined,
    { messages: [], todos: [], step: 0, jobStep: 0 },
    () => "",
  );
}

const line = (text: string) => ({ type: "logSkill" as const, skill: "s", line: text });

describe("events that are ready at once", () => {
  it("are recorded together, counted on, without their secrets; none is recorded as nothing", () => {
    const calls: RunEvent[][] = [];
    const state = openState((...events) => calls.push([...events]));
    state.emit(line("a"));
    state.emitAll([line("b"), line("the secret-word")]);
    state.emitAll([]);
    state.emit(line("c"));
    expect(calls.map((events) => events.map(({ seq }) => seq))).toEqual([[1], [2, 3], [4]]);
    expect(JSON.stringify(calls)).not.toContain("secret-word");
    expect(new Set(calls.flat().map(({ id }) => id)).size).toBe(4);
  });

  it("count for nothing where they could not be recorded", () => {
    let isFull = true;
    const recorded: RunEvent[] = [];
    const state = openState((...events) => {
      if (isFull) throw new Error("no space");
      recorded.push(...events);
    });
    expect(() => state.emitAll([line("a"), line("b")])).toThrow(RunFailure);
    isFull = false;
    state.emit(line("c"));
    expect(recorded.map(({ seq }) => seq)).toEqual([1]);
  });
});
