import { describe, expect, it } from "vitest";
import { conversationOf } from "../../src/model/conversation";
import type { EventOf, RunEvent } from "../../src/model/events";
import { runOf } from "../../src/model/run";
import { ModelError } from "../../src/runtime/ports";
import { runLoop } from "../support/loopHarness";
import { scriptedModel, turnUsage } from "../support/scriptedModel";

const done = { calls: [{ tool: "attemptCompletion" }] };
const eventsOf = <T extends RunEvent["type"]>(events: RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> & EventOf<T> => event.type === type);
const unavailable = (details = {}) =>
  new ModelError("The provider is down", {
    class: "provider_unavailable",
    isRetryable: true,
    statusCode: 503,
    ...details,
  });

describe("the loop", () => {
  it("works step by step, asks for a last word after the completion, and ends with the sum of its usage", async () => {
    const model = scriptedModel([
      { text: "Looking", calls: [{ tool: "echo", args: { text: "hi" } }] },
      done,
      { text: "All done" },
    ]);
    const { types, outcome, events, checkpoints } = await runLoop(model);
    expect(types).toEqual([
      "startRun",
      ...["startGeneration", "finishGeneration", "startToolCall", "finishToolCall", "finishStep"],
      ...["startGeneration", "finishGeneration", "startToolCall", "finishToolCall"],
      ...["startGeneration", "finishGeneration", "finishStep", "finishRun"],
    ]);
    expect(outcome).toMatchObject({ status: "finished", text: "All done", totalUsage: { totalTokens: 45 } });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ step }) => step)).toEqual([0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(eventsOf(events, "finishStep").map(({ usage }) => usage)).toEqual([
      turnUsage,
      { inputTokens: 20, outputTokens: 10, totalTokens: 30 },
    ]);
    expect(model.requests.map(({ toolChoice }) => toolChoice)).toEqual(["auto", "auto", "none"]);
    expect(checkpoints.map(({ status }) => status)).toEqual(["proceeding", "completed"]);
  });

  it("keeps in each checkpoint exactly the conversation that its events tell", async () => {
    const model = scriptedModel([
      { text: "a", calls: [{ tool: "echo", args: { text: "é\u2028" } }] },
      { text: "The end" },
    ]);
    const { events, checkpoints } = await runLoop(model);
    for (const checkpoint of checkpoints) {
      const end = events.findIndex((event) => event.type === "finishStep" && event.checkpointId === checkpoint.id);
      expect(conversationOf(events.slice(0, end))).toEqual(checkpoint.messages);
    }
    expect(checkpoints.at(-1)?.messages.map(({ type }) => type)).toEqual([
      "instructionMessage",
      "userMessage",
      "expertMessage",
      "toolMessage",
      "expertMessage",
    ]);
  });

  it("takes text beside the completion as the answer", async () => {
    const { outcome, types } = await runLoop(scriptedModel([{ ...done, text: "Here it is" }]));
    expect(outcome).toMatchObject({ status: "finished", text: "Here it is" });
    expect(types.filter((type) => type === "startGeneration")).toHaveLength(1);
  });

  it("holds the completion up while todos are open, and tells which", async () => {
    const model = scriptedModel([
      { calls: [{ tool: "todo", args: { newTodos: ["one", "two"] } }] },
      done,
      { calls: [{ tool: "todo", args: { completedTodos: [0, 1] } }] },
      done,
      { text: "Done" },
    ]);
    const { outcome, events } = await runLoop(model);
    expect(outcome.status).toBe("finished");
    const completions = eventsOf(events, "finishToolCall").filter(({ tool }) => tool === "attemptCompletion");
    expect(completions.map(({ result }) => result[0])).toEqual([
      { type: "textPart", text: expect.stringContaining('"remainingTodos":[{"id":0,"title":"one"') },
      { type: "textPart", text: "{}" },
    ]);
    expect(runOf(events)?.failures).toMatchObject([
      { grade: "blocked", step: 2, reason: expect.stringMatching(/still open/) },
    ]);
  });

  it("runs a tool that stands beside the completion, and does not complete when it failed", async () => {
    const beside = (tool: string, args = {}) => ({ calls: [{ tool: "attemptCompletion" }, { tool, args }] });
    const good = await runLoop(scriptedModel([beside("echo", { text: "x" }), { text: "ok" }]));
    expect(good.outcome).toMatchObject({ status: "finished", text: "ok" });
    expect(eventsOf(good.events, "finishToolCall").map(({ tool }) => tool)).toEqual(["echo", "attemptCompletion"]);
    const bad = await runLoop(scriptedModel([beside("fail"), { text: "ok then" }]));
    expect(bad.outcome).toMatchObject({ status: "finished", text: "ok then" });
    expect(eventsOf(bad.events, "finishToolCall").at(-1)).toMatchObject({ tool: "attemptCompletion", isError: true });
  });

  it("tells the model of a tool that fails, is unknown, breaks, or gets arguments that are wrong or no JSON", async () => {
    const broken = { ...brokenTool };
    const model = scriptedModel([
      {
        calls: [
          { tool: "fail" },
          { tool: "noSuchTool" },
          { tool: "echo", args: { text: 1 } },
          { tool: "echo", args: '{"te' },
          { tool: "broken" },
        ],
      },
      { text: "I see" },
    ]);
    const { outcome, events, bugs } = await runLoop(model, {
      tools: [...(await import("../support/loopHarness")).testTools, broken],
    });
    const results = eventsOf(events, "finishToolCall");
    expect(results.every(({ isError, errorClass }) => isError && errorClass === "tool_error")).toBe(true);
    const texts = results.map(({ result }) => (result[0]?.type === "textPart" ? result[0].text : "")).sort();
    expect(texts).toEqual([
      expect.stringContaining("Invalid arguments for echo"),
      '{"error":"Error","message":"It cannot be done"}',
      expect.stringContaining("not valid JSON"),
      expect.stringContaining("There is no tool named noSuchTool. The tools are: echo, "),
      expect.stringContaining("a bug"),
    ]);
    expect(bugs).toHaveLength(1);
    expect(outcome.status).toBe("finished");
  });

  it("retries what is retryable with growing delays and longer where the provider asks, then gives up with the cause", async () => {
    const model = scriptedModel([
      { throws: unavailable() },
      { throws: unavailable({ retryAfterMs: 9_000 }) },
      { throws: unavailable() },
    ]);
    const { outcome, types, delays, events } = await runLoop(model);
    expect(delays).toEqual([2_000, 9_000]);
    expect(types.filter((type) => type.endsWith("Generation"))).toEqual([
      ...["startGeneration", "finishGeneration", "retryGeneration"],
      ...["startGeneration", "finishGeneration", "retryGeneration"],
      ...["startGeneration", "finishGeneration"],
    ]);
    expect(types.at(-1)).toBe("errorRun");
    expect(outcome).toMatchObject({ status: "failed", error: { class: "provider_unavailable", statusCode: 503 } });
    expect(outcome.error?.message).toBe("The provider is down (Gave up after 3 attempts.)");
    expect(runOf(events)?.failures.map(({ grade }) => grade)).toEqual(["recovered", "recovered", "fatal"]);
  });

  it("does not retry what cannot get better, nor waits longer than the timeout", async () => {
    const auth = new ModelError("Bad key", { class: "provider_auth", isRetryable: false, statusCode: 401 });
    expect((await runLoop(scriptedModel([{ throws: auth }]))).types.at(-1)).toBe("errorRun");
    const later = await runLoop(scriptedModel([{ throws: unavailable({ retryAfterMs: 3_600_000 }) }]));
    expect(later.delays).toEqual([]);
    expect(later.outcome.error?.message).toContain("asks to wait 3600 s");
  });

  it("asks again after an empty answer or one that was cut off, and tells the model why", async () => {
    const model = scriptedModel([{ text: "" }, { text: "Half a sent", finishReason: "length" }, { text: "Whole" }]);
    const { outcome, events, delays } = await runLoop(model);
    expect(outcome).toMatchObject({ status: "finished", text: "Whole" });
    expect(eventsOf(events, "retryGeneration").map(({ feedback }) => feedback?.slice(0, 20))).toEqual([
      "Your answer was empt",
      "Your answer was cut ",
    ]);
    expect(conversationOf(events).map(({ type }) => type)).toEqual([
      ...["instructionMessage", "userMessage", "userMessage", "expertMessage", "userMessage", "expertMessage"],
    ]);
    expect(delays).toEqual([]);
  });

  it("ends a generation that takes too long, as a timeout that can be retried", async () => {
    const { outcome } = await runLoop(scriptedModel([{ hangs: true }]), { limits: { timeoutMs: 20, maxRetries: 0 } });
    expect(outcome).toMatchObject({ status: "failed", error: { class: "timeout", isRetryable: true } });
  });

  it("stops at the step limit of the whole job", async () => {
    const call = { calls: [{ tool: "echo", args: { text: "x" } }] };
    const { outcome, events } = await runLoop(scriptedModel([call, call]), { limits: { maxSteps: 5 }, stepsBefore: 3 });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "maxSteps" });
    expect(events.at(-1)).toMatchObject({
      type: "stopRun",
      step: 5,
      message: expect.stringContaining("limit of 5 steps"),
    });
  });

  it("says in the run's own events that no model can be had", async () => {
    const failure = { name: "x", message: "No key", class: "provider_auth", isRetryable: false } as const;
    const definition = { uri: "file:///w/perstack.toml", line: 7 };
    const run = await runLoop(scriptedModel([]), { setup: { model: { failure }, definition } });
    expect(run.types).toEqual(["startRun", "errorRun"]);
    expect(run.events[1]).toMatchObject({ error: { class: "provider_auth" }, location: definition, step: 0 });
  });

  it("prices each generation where the price is known, and leaves the cost out where it is not", async () => {
    const price = { input: 1_000_000, output: 2_000_000 };
    const { outcome, events } = await runLoop(scriptedModel([{ text: "hi" }]), { setup: { price } });
    expect(eventsOf(events, "finishGeneration")[0]?.cost).toBe(20);
    expect(outcome.cost).toBe(20);
    expect(await runLoop(scriptedModel([{ text: "hi" }]))).not.toHaveProperty("outcome.cost");
  });
});

const brokenTool = {
  definition: { name: "broken", description: "Throws", inputSchema: {} },
  effect: "none" as const,
  summarize: () => "broken",
  execute: async () => {
    throw new TypeError("a bug");
  },
};
