import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { readRecordedRun } from "../../src/app/goOnWith";
import { conversationOf } from "../../src/model/conversation";
import type { Message } from "../../src/model/message";
import { expertsToml, type JobBench, openJobBench } from "../support/jobs";
import type { ModelTurn, ScriptedToolCall } from "../support/modelServer";
import { readNamedCheckpoints } from "../support/namedCheckpoints";

const toml = expertsToml({ coordinator: 'delegates = ["worker"]', worker: "" });
const usage = { inputTokens: 100, outputTokens: 10 };

const word = fc.stringMatching(/^[a-zé]{1,8}$/);
/** Calls whose results are the same whenever they are made. */
const call: fc.Arbitrary<ScriptedToolCall> = fc.oneof(
  word.map((title) => ({ name: "todo", args: { newTodos: [title] } })),
  fc.nat(3).map((id) => ({ name: "todo", args: { completedTodos: [id] } })),
  fc.constant({ name: "clearTodo", args: {} }),
  fc.constantFrom("a.txt", "missing.txt").map((path) => ({ name: "readTextFile", args: { path } })),
  fc.constant({ name: "noSuchTool", args: {} }),
  fc.constant({ name: "attemptCompletion", args: {} }),
  word.map((query) => ({ name: "worker", args: { query } })),
);
const calls = fc.array(call, { minLength: 1, maxLength: 3 });
/** A model that fails once and is asked again leaves its mark in the events, not in the conversation. */
const turn: fc.Arbitrary<ModelTurn> = fc.record({ text: fc.option(word, { nil: undefined }), toolCalls: calls });

const benches: JobBench[] = [];
afterAll(async () => {
  await Promise.all(benches.map((bench) => bench.close()));
});

/** What the model is told and says, without the ids that every run has of its own. */
function said(messages: readonly Message[]): unknown {
  return JSON.parse(JSON.stringify(messages, (key, value: unknown) => (key === "id" ? undefined : value)));
}

async function ending(dir: string): Promise<unknown> {
  const { run, events, base } = await readRecordedRun(dir);
  const { status, stopReason, text } = run;
  return { status, stopReason, text, last: run.steps.at(-1)?.step, said: said(conversationOf(events, base)) };
}

describe("a run that goes on from any of its checkpoints", () => {
  it("comes to the same end as the one that was never interrupted", async () => {
    let branches = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 4 }), async (turns) => {
        const withIds = turns.map((each, at) => ({
          ...each,
          usage,
          toolCalls:
            "toolCalls" in each ? each.toolCalls?.map((tool, index) => ({ ...tool, id: `c${at}-${index}` })) : [],
        }));
        const bench = await openJobBench(
          toml,
          {
            coordinator: (_, index) => withIds[index] ?? { text: "The end", usage },
            worker: ({ body }) => ({ text: `Did ${JSON.stringify(body.messages).length % 7}`, usage }),
          },
          { files: { "a.txt": "hello" } },
        );
        benches.push(bench);
        const whole = await bench.start({ maxSteps: 30 });
        const expected = await ending(whole.dir);
        const asked = bench.server.requests.length;
        const checkpoints = await readNamedCheckpoints(whole.dir);
        for (const id of checkpoints.slice(0, -1)) {
          const from = { kind: "resume" as const, dir: whole.dir, checkpointId: id };
          const branch = await bench.start({ query: "", maxSteps: 30, from, provider: "replay", model: whole.runId });
          branches += 1;
          expect({ error: branch.outcome.error, ...((await ending(branch.dir)) as object) }).toEqual({
            error: undefined,
            ...(expected as object),
          });
        }
        // What is played needs no model.
        expect(bench.server.requests).toHaveLength(asked);
      }),
      { numRuns: 20 },
    );
    expect(branches).toBeGreaterThan(10);
  }, 180_000);
});
