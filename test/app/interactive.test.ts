import { afterEach, describe, expect, it } from "vitest";
import { createTestApp } from "../support/experts";
import { brokenLaws, expertsToml, type JobBench, openJobBench } from "../support/jobs";
import type { ModelTurn } from "../support/modelServer";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const question = `[experts.coordinator.skills."ask"]
type = "interactiveSkill"
[experts.coordinator.skills."ask".tools.askUser]
description = "Ask the user"
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}'
`;
const toml = expertsToml({
  coordinator: `delegates = ["worker"]\n${question}`,
  worker: question.replaceAll("coordinator", "worker"),
});
const ask = (id: string, text: string) => ({ id, name: "askUser", args: { question: text } });
const told = () => JSON.stringify(bench?.server.requests.at(-1)?.body);

async function stopped(turns: ModelTurn[]) {
  bench = await openJobBench(toml, { coordinator: turns, worker: [{ text: "Worked" }] });
  const played = await bench.start();
  expect(played.outcome).toMatchObject({ status: "stopped", stopReason: "input" });
  return { bench, ...played };
}

describe("a question to a person", () => {
  it("stops the run, is answered, and the same run goes on with the answer in the same journal", async () => {
    const { bench, dir, jobId } = await stopped([
      { text: "I ask.", toolCalls: [ask("q1", "Which?")] },
      { text: "The red one then." },
    ]);
    const [asked] = await bench.readJob(jobId);
    expect(asked?.run.inputRequests).toMatchObject([
      { toolCallId: "q1", skill: "ask", tool: "askUser", args: { question: "Which?" }, schema: { type: "object" } },
    ]);
    const { outcome } = await bench.resume({ dir, answers: [{ toolCallId: "q1", text: "The red one" }] });
    expect(outcome).toMatchObject({ status: "finished", text: "The red one then.", lastStep: 2 });
    expect(told()).toContain("The red one");
    const [run, ...others] = await bench.readJob(jobId);
    expect(others).toEqual([]);
    expect(run?.events.map(({ type }) => type)).toEqual([
      ...["startRun", "startGeneration", "finishGeneration", "requestInput", "stopRun"],
      ...["resumeRun", "receiveInput", "startToolCall", "finishToolCall", "finishStep"],
      ...["startGeneration", "finishGeneration", "finishStep", "finishRun"],
    ]);
    expect(run && brokenLaws(run)).toEqual([]);
    expect(run?.run).toMatchObject({ status: "finished", inputRequests: [], failures: [] });
    // What was asked before the stop is part of the step that ends after it.
    expect(run?.run.steps.map((step) => step.usage?.totalTokens)).toEqual([15, 15]);
  });

  it("is answered after everything that held it was closed and opened again", async () => {
    const { bench, dir } = await stopped([{ toolCalls: [ask("q1", "Which?")] }, { text: "Blue." }]);
    bench.app.dispose();
    const { app, heard } = createTestApp({
      env: { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: bench.server.baseUrlFor("anthropic") },
    });
    app.setFolders([bench.root]);
    await app.runs.refresh();
    expect(app.runs.get(dir)).toMatchObject({
      status: "stopped",
      stopReason: "input",
      inputRequests: [{ toolCallId: "q1" }],
    });
    const handle = await app.resume({
      dir,
      answers: [{ toolCallId: "q1", text: "Blue" }],
      by: "user",
      approval: "all",
    });
    expect(await handle.done).toMatchObject({ status: "finished", text: "Blue." });
    expect(heard[0]).toMatchObject({ type: "resumeRun", seq: 6 });
    app.dispose();
  });

  it("of several is asked again for what is still open, and each answer goes to its own call", async () => {
    const { bench, dir, jobId } = await stopped([
      { toolCalls: [ask("q1", "First?"), { id: "h", name: "healthCheck", args: {} }, ask("q2", "Second?")] },
      { text: "Both known." },
    ]);
    const second = await bench.resume({ dir, answers: [{ toolCallId: "q2", text: "two" }] });
    expect(second.outcome).toMatchObject({ status: "stopped", stopReason: "input" });
    const [waiting] = await bench.readJob(jobId);
    expect(waiting?.run.inputRequests.map(({ toolCallId }) => toolCallId)).toEqual(["q1"]);
    const first = await bench.resume({ dir, answers: [{ toolCallId: "q1", text: "one" }] });
    expect(first.outcome).toMatchObject({ status: "finished", text: "Both known." });
    const results = JSON.parse(told()).messages.at(-1).content as { tool_use_id: string; content: unknown }[];
    const byCall = Object.fromEntries(
      results.map(({ tool_use_id, content }) => [tool_use_id, JSON.stringify(content)]),
    );
    expect(byCall.q1).toContain("one");
    expect(byCall.q2).toContain("two");
    expect(byCall.h).toBeDefined();
  });

  it("stands behind a delegate of the same step", async () => {
    const { bench, dir } = await stopped([
      { toolCalls: [{ name: "worker", args: { query: "Work" } }, ask("q1", "And you?")] },
      { text: "All in." },
    ]);
    expect((await bench.resume({ dir, answers: [{ toolCallId: "q1", text: "I too" }] })).outcome.text).toBe("All in.");
    expect(told()).toContain("Worked");
    expect(told()).toContain("I too");
    // The delegate asks nobody: it is not offered the tool.
    const ofWorker = bench.server.requests.find(({ body }) => JSON.stringify(body).includes("expert “worker”"));
    expect(JSON.stringify(ofWorker?.body.tools)).not.toContain("askUser");
  });

  it("cannot be answered with nothing, or by a call that asked nothing", async () => {
    const { bench, dir } = await stopped([{ toolCalls: [ask("q1", "Which?")] }]);
    await expect(bench.resume({ dir })).rejects.toThrow("The run waits for an answer: askUser.");
    await expect(bench.resume({ dir, answers: [{ toolCallId: "x", text: "y" }] })).rejects.toThrow(
      "Nothing was asked by the call x. The run waits for: q1 (askUser).",
    );
  });

  it("whose arguments are no JSON is an error the model hears of", async () => {
    bench = await openJobBench(toml, {
      coordinator: [
        { toolCalls: [{ id: "q1", name: "askUser", rawArgs: '{"question": "Cut' }] },
        { text: "Never mind." },
      ],
    });
    expect((await bench.start()).outcome).toMatchObject({ status: "finished", text: "Never mind." });
    expect(told()).toContain("not valid JSON");
  });
});
