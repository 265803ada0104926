/** Replay: any run is a recording, and whoever departs from it is told where. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldMessage } from "../../../src/model/conversation";
import type { EventPayload, RunEvent } from "../../../src/model/events";
import type { Message, ResultPart } from "../../../src/model/message";
import type { GenerationResult, LanguageModel } from "../../../src/runtime/ports";
import { replay } from "../../../src/runtime/providers/replay";
import { ask, contextOf, failureOf, type Heard } from "./openModel";

interface Step {
  text: string;
  reasoning: GenerationResult["reasoning"];
  usage?: GenerationResult["usage"];
  calls: { id: string; tool: string; args: unknown; result: string; isError: boolean }[];
  /** Attempts before the one that counted. */
  failures: number;
  feedback: boolean;
}

interface Scene {
  root: string;
  query: string;
  instruction: string;
  idPrefix: string;
}

const recordedScene: Scene = {
  root: "/home/ann/project",
  query: "Fix it",
  instruction: "In /home/ann",
  idPrefix: "old",
};
const liveScene: Scene = { root: "/tmp/scratch copy", query: "Fix it", instruction: "In /tmp", idPrefix: "new" };

function stage({ root, query, instruction, idPrefix }: Scene) {
  const events: RunEvent[] = [];
  const messages: Message[] = [];
  const emit = (payload: EventPayload) => {
    const seq = events.length + 1;
    const envelope = { id: `${idPrefix}-${seq}`, timestamp: seq, jobId: "j", runId: "r", expertKey: "x", step: 1 };
    const event = { ...envelope, seq, ...payload } as RunEvent;
    events.push(event);
    foldMessage(messages, event);
  };
  const limits = { maxSteps: 1, maxRetries: 1, timeoutMs: 1 };
  const definition = { uri: `file://${encodeURI(root)}/perstack.toml` };
  emit({ type: "startRun", query, instruction, limits, definition, requestId: "q", runtimeVersion: "0", tools: [] });
  return { events, messages, emit };
}

type Stage = ReturnType<typeof stage>;

function emitFailures({ emit }: Stage, { failures, feedback }: Step): void {
  const error = { name: "ModelError", message: "no", class: "provider_unavailable" as const, isRetryable: true };
  for (let attempt = 1; attempt <= failures; attempt += 1) {
    emit({ type: "finishGeneration", attempt, finishReason: "error", toolCalls: [], durationMs: 1, error });
    emit({ type: "retryGeneration", attempt, error, delayMs: 1, ...(feedback && { feedback: "Again, please." }) });
  }
}

function emitAnswer({ emit }: Stage, answer: GenerationResult): void {
  const { text, reasoning, usage, finishReason } = answer;
  emit({
    type: "finishGeneration",
    attempt: 1,
    finishReason,
    durationMs: 1,
    toolCalls: answer.toolCalls.map((call) => ({ ...call, skill: "s" })),
    ...(text !== "" && { text }),
    ...(reasoning.length > 0 && { reasoning }),
    ...(usage && { usage }),
  });
}

function emitResults({ emit }: Stage, calls: Step["calls"]): void {
  for (const { id, tool, result, isError } of calls) {
    const part: ResultPart = { type: "textPart", text: result };
    emit({ type: "finishToolCall", toolCallId: id, skill: "s", tool, isError, result: [part], durationMs: 1 });
  }
}

function answerOf({ text, reasoning, usage, calls }: Step): GenerationResult {
  return {
    text,
    reasoning,
    toolCalls: calls.map(({ id, tool, args }) => ({ id, tool, args })),
    finishReason: calls.length > 0 ? "toolCalls" : "stop",
    ...(usage && { usage }),
  };
}

function record(steps: Step[], scene = recordedScene): RunEvent[] {
  const recorded = stage(scene);
  for (const step of steps) {
    emitFailures(recorded, step);
    emitAnswer(recorded, answerOf(step));
    emitResults(recorded, step.calls);
  }
  return recorded.events;
}

async function open(events: RunEvent[], root = liveScene.root, model?: string): Promise<LanguageModel> {
  const find = async () => ({ events, base: [], label: "demo recording" });
  return await replay.open(model, contextOf({ recordings: { find, workspaceRoot: root } }));
}

/** Plays the loop: answers from the model, tools as `results` says. */
async function play(
  model: LanguageModel,
  steps: Step[],
  results: (calls: Step["calls"]) => Step["calls"],
  scene = liveScene,
) {
  const live = stage(scene);
  const answers: GenerationResult[] = [];
  for (const step of steps) {
    if (step.feedback) emitFailures(live, step);
    const answer = await ask(model, { messages: live.messages });
    answers.push(answer);
    emitAnswer(live, answer);
    emitResults(live, results(step.calls));
  }
  return answers;
}

const word = fc.string({ unit: "grapheme", maxLength: 12 });
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  text: word,
  reasoning: fc.array(fc.record({ text: word }), { maxLength: 2 }),
  usage: fc.option(fc.constant({ inputTokens: 3, outputTokens: 2, totalTokens: 5 }), { nil: undefined }),
  calls: fc.array(
    fc.record({
      id: fc.uuid(),
      tool: fc.constantFrom("exec", "readTextFile", "todo"),
      args: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(word, fc.integer(), fc.boolean())),
      result: word,
      isError: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  failures: fc.nat(2),
  feedback: fc.boolean(),
});
// A model that gave neither text nor a call has said nothing that a conversation could hold.
const stepsArbitrary = fc.array(
  stepArbitrary.filter(({ text, calls }) => text !== "" || calls.length > 0),
  { minLength: 1, maxLength: 5 },
);

function only(step: Partial<Step>): Step {
  return { text: "", reasoning: [], calls: [], failures: 0, feedback: false, ...step };
}

function callOf(result: string, parts: Partial<Step["calls"][number]> = {}): Step["calls"][number] {
  return { id: "c1", tool: "readTextFile", args: { path: "a.ts" }, result, isError: false, ...parts };
}

describe("a recording", () => {
  it("is given back answer by answer, whatever order the tools ended in", async () => {
    await fc.assert(
      fc.asyncProperty(stepsArbitrary, async (steps) => {
        const answers = await play(await open(record(steps)), steps, (calls) => calls.toReversed());
        expect(answers).toEqual(steps.map(answerOf));
      }),
      { numRuns: 60 },
    );
  });

  it("is departed from by any other result of any tool", async () => {
    const withCall = stepsArbitrary.filter((steps) => steps.slice(0, -1).some(({ calls }) => calls.length > 0));
    await fc.assert(
      fc.asyncProperty(withCall, fc.nat(), fc.boolean(), async (steps, pick, flip) => {
        const calls = steps.slice(0, -1).flatMap((step) => step.calls);
        const target = calls[pick % calls.length];
        const change = (call: Step["calls"][number]) =>
          flip ? { ...call, isError: !call.isError } : { ...call, result: `${call.result}!` };
        const model = await open(record(steps));
        const results = (all: Step["calls"]) => all.map((call) => (call === target ? change(call) : call));
        const error = await failureOf(play(model, steps, results));
        expect(error.details).toMatchObject({ class: "replay_diverged", isRetryable: false });
        expect(error.message).toContain("tool results");
      }),
      { numRuns: 60 },
    );
  });

  it("streams reasoning and text in pieces", async () => {
    const heard: Heard = { text: [], reasoning: [] };
    const steps = [only({ text: "A longer text 🌍 than one piece", reasoning: [{ text: "Let me think about it" }] })];
    await ask(await open(record(steps)), { messages: stage(liveScene).messages }, heard);
    expect(heard.text.join("")).toBe(steps[0]?.text);
    expect(heard.reasoning.join("")).toBe("Let me think about it");
    expect(heard.text.length).toBeGreaterThan(1);
  });

  it("stops in the middle of an answer when cancelled, and gives the same answer when asked again", async () => {
    const model = await open(record([only({ text: "One two three four" })]));
    const cancel = new AbortController();
    const { messages } = stage(liveScene);
    const heard: string[] = [];
    const onText = (delta: string) => {
      heard.push(delta);
      cancel.abort();
    };
    const error = await failureOf(ask(model, { messages, signal: cancel.signal, onText }));
    expect(error.details.class).toBe("cancelled");
    expect(heard).toHaveLength(1);
    expect((await ask(model, { messages })).text).toBe("One two three four");
  });

  it("gives reasoning, signatures, usage and ids exactly as recorded", async () => {
    const recorded = stage(recordedScene);
    const answer: GenerationResult = {
      text: "Hm",
      reasoning: [{ text: "why", providerOptions: { anthropic: { signature: "s" } } }],
      toolCalls: [{ id: "toolu_1", tool: "exec", args: "{not json", providerOptions: { google: { sign: "x" } } }],
      finishReason: "length",
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3, cachedInputTokens: 1 },
    };
    emitAnswer(recorded, answer);
    expect(await ask(await open(recorded.events), { messages: stage(liveScene).messages })).toEqual(answer);
  });

  it("that is at its end says so", async () => {
    const steps = [only({ text: "Done" })];
    const model = await open(record(steps));
    const error = await failureOf(play(model, [...steps, only({ text: "More" })], (calls) => calls));
    expect(error.details).toMatchObject({ class: "replay_diverged", isRetryable: false });
    expect(error.message).toContain("no answer left");
  });

  it("may be taken up in the middle", async () => {
    const steps = [only({ text: "One", calls: [callOf("first")] }), only({ text: "Two" })];
    const live = stage(liveScene);
    emitAnswer(live, answerOf(steps[0] ?? only({})));
    emitResults(live, steps[0]?.calls ?? []);
    expect((await ask(await open(record(steps)), { messages: live.messages })).text).toBe("Two");
  });

  it("that is not there is an error that says what to do", async () => {
    expect(await replay.check(contextOf({}))).toMatchObject({ usable: false });
    const error = await failureOf(replay.open("runs/none", contextOf({})));
    expect(error.details.class).toBe("invalid_definition");
    expect(error.message).toContain("“runs/none”");
    const usable = contextOf({
      recordings: {
        workspaceRoot: "/x",
        find: async () => ({ events: record([only({ text: "a" })]), base: [], label: "l" }),
      },
    });
    expect(await replay.check(usable)).toEqual({ usable: true });
  });
});

describe("what differs from run to run", () => {
  const outcome = async (recordedText: string, liveText: string, scene = liveScene) => {
    const steps = [only({ calls: [callOf(recordedText)] }), only({ text: "Done" })];
    const results = (calls: Step["calls"]) => calls.map((call) => ({ ...call, result: liveText }));
    return await play(await open(record(steps), scene.root), steps, results, scene).then(
      () => "same",
      (error: Error) => error.message,
    );
  };

  it.each([
    ["the folder", "wrote /home/ann/project/a.ts", "wrote /tmp/scratch copy/a.ts"],
    ["the folder in JSON", '{"path":"/home/ann/project"}', '{"path":"/tmp/scratch copy"}'],
    ["the folder as a URI", "at file:///home/ann/project/a.ts:3", "at file:///tmp/scratch%20copy/a.ts:3"],
    ["a time", '{"at":"2025-12-28T10:11:12.345Z"}', '{"at":"2026-01-02T00:00:00Z"}'],
    ["a time with a zone", "2025-12-28T10:11:12+09:00", "2026-01-02 00:00:01+01:00"],
    ["a time of day", "Start at  10:11:12", "Start at  09:00:01"],
    ["a duration", "✔ adds (12.3 ms), all in 1.2s", "✔ adds (0.4ms), all in 15 s"],
    ["a duration with its unit in front", "ℹ duration_ms 61.8", "ℹ duration_ms 7"],
    ["a duration in JSON", '{"durationMs":12}', '{"durationMs":1203.5}'],
    [
      "what a health check says of the process",
      '{"status":"ok","workspace":"/home/ann/project","uptime":"0s","memory":{"heapUsed":"115MB","heapTotal":"199MB"},"pid":7291}',
      '{"status":"ok","workspace":"/tmp/scratch copy","uptime":"12s","memory":{"heapUsed":"9MB","heapTotal":"20MB"},"pid":1}',
    ],
  ])("does not count: %s", async (_name, recorded, live) => {
    expect(await outcome(recorded, live)).toBe("same");
  });

  it.each([
    ["another file", "/home/ann/project/a.ts", "/tmp/scratch copy/b.ts"],
    ["another folder beside", "/home/ann/project-2/a.ts", "/tmp/scratch copy-2/a.ts"],
    ["another count", "3 tests passed", "4 tests passed"],
    ["another status", '{"status":"ok","pid":1}', '{"status":"bad","pid":1}'],
    ["more text", "ok", "ok\n"],
  ])("does count: %s", async (_name, recorded, live) => {
    expect(await outcome(recorded, live)).toContain("departs from its recording");
  });

  it("is shown where the difference begins, both sides", async () => {
    const same = "line\n".repeat(100);
    const message = await outcome(`${same}expected 4`, `${same}expected 5${" and more".repeat(90)}`);
    const [head, recorded, now] = message.split("\n");
    expect(head).toBe("The run departs from its recording at message 4 (tool results).");
    expect(recorded).toMatch(/^recorded: ….*expected 4$/);
    expect(now).toMatch(/^now: ….*expected 5 and more.*…$/);
    expect(message.length).toBeLessThan(700);
  });

  it("is said when the query is another one, or a message is missing", async () => {
    const steps = [only({ calls: [callOf("x")] }), only({ text: "Done" })];
    const other = { ...liveScene, query: "Break it" };
    const query = await failureOf(play(await open(record(steps)), steps, (calls) => calls, other));
    expect(query.message).toContain("message 2 (user)");
    expect(query.message).toContain("recorded: user: Fix it");
    expect(query.message).toContain("now: user: Break it");
    const missing = await failureOf(play(await open(record(steps)), steps, () => []));
    expect(missing.message).toContain("now: nothing more");
  });

  it("leaves no path of the other folder in what the tools are asked to do", async () => {
    const args = { path: "/home/ann/project/a.ts", cwd: "/home/ann/project", env: {}, list: ["/home/ann/project2"] };
    const model = await open(record([only({ calls: [callOf("x", { args })] })]));
    const { toolCalls } = await ask(model, { messages: stage(liveScene).messages });
    expect(toolCalls[0]?.args).toEqual({
      path: "/tmp/scratch copy/a.ts",
      cwd: "/tmp/scratch copy",
      env: {},
      list: ["/home/ann/project2"],
    });
  });
});
