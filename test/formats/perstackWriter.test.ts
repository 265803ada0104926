/** What runs of ours are in Perstack's words: over the real wire, against the order and the shapes that its own runs have. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { readJobRuns } from "../../src/app/jobRuns";
import { createPerstackWriter } from "../../src/formats/perstack/createPerstackWriter";
import { inJobOrder } from "../../src/formats/perstack/jobOrder";
import { perstack } from "../../src/formats/perstack/perstack";
import { writePerstackJob } from "../../src/formats/perstack/writePerstackJob";
import type { WrittenEvent } from "../../src/formats/perstack/writtenEvent";
import { type Run, runOf } from "../../src/model/run";
import { layout } from "../../src/store/layout";
import { listRunsOfJob } from "../../src/store/runFolders";
import { type ExpertScript, expertsToml, type JobBench, openJobBench } from "../support/jobs";
import { runLoop } from "../support/loopHarness";
import type { ModelRequest, ModelTurn } from "../support/modelServer";
import { randomTurns } from "../support/randomRuns";
import { scriptedModel } from "../support/scriptedModel";
import { checkLaws } from "./foreignRunLaws";
import { expectReadBack } from "./readBack";
import { addKeys, areSamplesThere, keysOfSamples, ours } from "./sampleKeys";
import { expectSound, sequences } from "./writtenLaws";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const STEP = "startGeneration callTools resolveToolResults finishToolCall continueToNextStep";
const DONE = "startGeneration callTools attemptCompletion completeRun";
const RETURN = "startRun finishAllToolCalls continueToNextStep";
const DELEGATE = "startGeneration callTools callDelegate stopRunByDelegate";
const ASK = "startGeneration callTools callInteractiveTool stopRunByInteractiveTool";

/** The job as it is written from its journals. */
async function toldOf(jobId: string): Promise<WrittenEvent[]> {
  if (!bench) throw new Error("no bench");
  const places = await listRunsOfJob(layout.job(bench.root, jobId));
  const { runs, problems } = await readJobRuns(places.map(({ dir }) => dir));
  expect(problems).toEqual([]);
  const writer = createPerstackWriter();
  const told = [...inJobOrder(runs)].flatMap(({ run, event }) => writer.write(event, run));
  expectSound(told);
  return told;
}

const usage = { inputTokens: 100, outputTokens: 10 };
const calls = (...names: (string | [string, unknown])[]): ModelTurn => ({
  toolCalls: names.map((name) => (typeof name === "string" ? { name } : { name: name[0], args: name[1] })),
  usage,
});
const says = (text: string): ModelTurn => ({ text, usage });
const complete = calls("attemptCompletion");
const solo = expertsToml({ coordinator: "" });
const team = expertsToml({ coordinator: 'delegates = ["worker", "helper"]', worker: "", helper: "" });
const asker = expertsToml({
  coordinator: `[experts.coordinator.skills."ask"]
type = "interactiveSkill"
[experts.coordinator.skills."ask".tools.askUser]
description = "Ask the user"
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}'
`,
});
const ask = (id: string): { id: string; name: string; args: unknown } => ({
  id,
  name: "askUser",
  args: { question: `${id}?` },
});

interface Scenario {
  toml?: string;
  script: Record<string, ExpertScript>;
  request?: Parameters<JobBench["start"]>[0];
  expected: string[];
}

const scenarios: Record<string, Scenario> = {
  complete: { script: { coordinator: [complete, says("All done.")] }, expected: [`startRun ${DONE}`] },
  "complete-with-text": {
    script: { coordinator: [{ text: "All done.", toolCalls: [{ name: "attemptCompletion" }], usage }] },
    expected: ["startRun startGeneration callTools completeRun"],
  },
  "one-step": { script: { coordinator: [says("Hello")] }, expected: ["startRun startGeneration completeRun"] },
  "parallel-tools": {
    script: {
      coordinator: [calls("healthCheck", ["listDirectory", { path: "." }]), complete, says("Looked.")],
    },
    expected: [`startRun ${STEP} ${DONE}`],
  },
  "tool-error": {
    script: { coordinator: [calls(["readTextFile", { path: "no.txt" }]), calls("noSuchTool"), complete, says("Oh.")] },
    expected: [`startRun ${STEP} ${STEP} ${DONE}`],
  },
  "todo-gate": {
    script: {
      coordinator: [
        calls(["todo", { newTodos: ["One"] }]),
        complete,
        calls(["todo", { completedTodos: [0] }]),
        complete,
        says("Done."),
      ],
    },
    expected: [`startRun ${STEP} ${STEP} ${STEP} ${DONE}`],
  },
  "tools-with-completion": {
    script: { coordinator: [calls("healthCheck", "attemptCompletion"), says("Done.")] },
    // Perstack leaves the other call out.
    expected: ["startRun startGeneration callTools resolveToolResults attemptCompletion completeRun"],
  },
  "bad-arguments-json": {
    script: {
      coordinator: [{ toolCalls: [{ name: "readTextFile", rawArgs: '{"path": "in' }], usage }, complete, says("Done.")],
    },
    expected: [`startRun ${STEP} ${DONE}`],
  },
  "max-steps": {
    script: { coordinator: () => calls("healthCheck") },
    request: { maxSteps: 3 },
    expected: [
      `startRun ${STEP} ${STEP} startGeneration callTools resolveToolResults finishToolCall stopRunByExceededMaxSteps`,
    ],
  },
  "http-401": {
    script: { coordinator: [{ status: 401 }] },
    expected: ["startRun startGeneration stopRunByError"],
  },
  "http-500-once": {
    script: { coordinator: [{ status: 500, headers: { "retry-after-ms": "1" } }, says("Yes")] },
    request: { maxRetries: 1 },
    expected: ["startRun startGeneration completeRun"],
  },
  "empty-once": {
    script: { coordinator: [{ text: "", usage }, complete, says("Done.")] },
    request: { maxRetries: 1 },
    expected: [`startRun startGeneration retry continueToNextStep ${DONE}`],
  },
  reasoning: {
    script: {
      coordinator: [
        { reasoning: "I look.", toolCalls: [{ name: "healthCheck" }], usage },
        { reasoning: "I am done.", toolCalls: [{ name: "attemptCompletion" }], usage },
        says("Done."),
      ],
    },
    expected: [`startRun ${STEP} ${DONE}`],
  },
  "delegate-single": {
    toml: team,
    script: {
      coordinator: [calls(["worker", { query: "Work" }]), calls("healthCheck"), complete, says("It is done.")],
      worker: [calls("healthCheck"), complete, says("Worked")],
    },
    expected: [`startRun ${DELEGATE}`, `startRun ${STEP} ${DONE}`, `${RETURN} ${STEP} ${DONE}`],
  },
  "delegate-parallel": {
    toml: team,
    script: {
      coordinator: [calls(["worker", { query: "Work" }], ["helper", { query: "Help" }]), complete, says("Both.")],
      worker: [calls("healthCheck"), complete, says("Worked")],
      helper: [complete, says("Helped")],
    },
    expected: [`startRun ${DELEGATE}`, `startRun ${DONE}`, `startRun ${STEP} ${DONE}`, `${RETURN} ${DONE}`],
  },
  "delegate-fails": {
    toml: team,
    script: {
      coordinator: [calls(["worker", { query: "Work" }]), says("I manage without.")],
      worker: [{ status: 401 }],
    },
    // Perstack leaves the coordinator behind.
    expected: [
      `startRun ${DELEGATE}`,
      "startRun startGeneration stopRunByError",
      `${RETURN} startGeneration completeRun`,
    ],
  },
  "delegate-with-tool": {
    toml: team,
    script: {
      coordinator: [calls("healthCheck", ["worker", { query: "Work" }], "attemptCompletion"), says("Done.")],
      worker: [says("Worked")],
    },
    expected: [
      `startRun ${DELEGATE}`,
      "startRun startGeneration completeRun",
      "startRun resumeToolCalls resolveToolResults attemptCompletion completeRun",
    ],
  },
  "delegate-chain": {
    toml: expertsToml({ coordinator: 'delegates = ["middle"]', middle: 'delegates = ["leaf"]', leaf: "" }),
    script: {
      coordinator: [calls(["middle", { query: "Down" }]), complete, says("Up")],
      middle: [calls(["leaf", { query: "Deeper" }]), complete, says("Middle")],
      leaf: [complete, says("Leaf")],
    },
    expected: [
      `startRun ${DELEGATE}`,
      `startRun ${DELEGATE}`,
      `startRun ${DONE}`,
      `${RETURN} ${DONE}`,
      `${RETURN} ${DONE}`,
    ],
  },
  interactive: {
    toml: asker,
    script: { coordinator: [calls("healthCheck"), { toolCalls: [ask("q1")], usage }] },
    expected: [`startRun ${STEP} ${ASK}`],
  },
};

describe("a run told in Perstack's words", () => {
  it.each(Object.entries(scenarios))("goes through the moves of Perstack: %s", async (name, scenario) => {
    const { toml = solo, script, request, expected } = scenario;
    bench = await openJobBench(toml, script);
    const { jobId } = await bench.start(request);
    const told = sequences(await toldOf(jobId));
    // Which of several delegates begins first is theirs to settle.
    const inAnyOrder = (list: string[]) => (name.includes("parallel") ? list.toSorted() : list);
    expect(inAnyOrder(told)).toEqual(inAnyOrder(expected));
    expect(bench.errors).toEqual([]);
    await expectReadBack(bench.root, jobId);
  });

  it("is another of Perstack's runs for each answer that a question gets", async () => {
    bench = await openJobBench(asker, {
      coordinator: [{ toolCalls: [ask("q1"), ask("q2")], usage }, complete, says("Both are answered.")],
    });
    const { dir, jobId } = await bench.start();
    await bench.resume({ dir, answers: [{ toolCallId: "q1", text: "first answer" }] });
    await bench.resume({ dir, answers: [{ toolCallId: "q2", text: "second answer" }] });
    const told = await toldOf(jobId);
    expect(sequences(told)).toEqual([
      `startRun ${ASK}`,
      "startRun resumeToolCalls callInteractiveTool stopRunByInteractiveTool",
      `${RETURN} ${DONE}`,
    ]);
    const answers = told.flatMap((event) => (event.type === "initializeRuntime" ? [event.interactiveToolCall] : []));
    expect(answers).toEqual([
      undefined,
      { toolCallId: "q1", toolName: "askUser", skillName: "ask", text: "first answer" },
      { toolCallId: "q2", toolName: "askUser", skillName: "ask", text: "second answer" },
    ]);
    const stops = told.flatMap((event) => (event.type === "stopRunByInteractiveTool" ? [event.checkpoint] : []));
    expect(stops.map(({ pendingToolCalls }) => pendingToolCalls?.map(({ id }) => id))).toEqual([["q1", "q2"], ["q2"]]);
    expect(stops[1]?.partialToolResults).toMatchObject([{ id: "q1", skillName: "ask", toolName: "askUser" }]);
    await expectReadBack(bench.root, jobId);
  });

  it("goes on counting steps and tokens in a job that is continued, branched and resumed", async () => {
    const isAnswered = ({ body }: ModelRequest) =>
      JSON.stringify([body.messages].flat().at(-1)).includes("tool_result");
    bench = await openJobBench(solo, {
      coordinator: (request) => (isAnswered(request) ? says("Well") : calls("healthCheck")),
    });
    const { dir, jobId } = await bench.start();
    const first = (await toldOf(jobId)).find((event) => event.type === "continueToNextStep");
    const next = await bench.start({ from: { kind: "continue", dir }, query: "Again" });
    const checkpointId = first?.type === "continueToNextStep" ? first.checkpoint.id : "";
    await bench.start({ from: { kind: "resume", dir: next.dir }, query: "Once more", maxSteps: 5 });
    await bench.start({ from: { kind: "resume", dir, checkpointId }, query: "Otherwise" });
    const told = await toldOf(jobId);
    const whole = `startRun ${STEP} startGeneration completeRun`;
    expect(sequences(told)).toEqual([
      ...[whole, whole],
      "startRun startGeneration callTools resolveToolResults finishToolCall stopRunByExceededMaxSteps",
      "startRun startGeneration completeRun",
    ]);
    const starts = told.flatMap((event) => (event.type === "startRun" ? [event] : []));
    expect(starts.map(({ stepNumber }) => stepNumber)).toEqual([1, 3, 5, 2]);
    expect(starts.map(({ inputMessages }) => inputMessages.map(({ type }) => type))).toEqual([
      ["instructionMessage", "userMessage"],
      ...[...Array(3)].map(() => ["userMessage"]),
    ]);
    expect(starts.map(({ initialCheckpoint }) => initialCheckpoint.status)).toEqual([
      ...["init", "completed", "completed", "proceeding"],
    ]);
    const ends = told.flatMap((event) => (event.type === "completeRun" ? [event.checkpoint.usage.totalTokens] : []));
    expect(ends.slice(0, 2)).toEqual([220, 440]);
    await expectReadBack(bench.root, jobId);
  });

  it("that was cancelled, or failed in the middle of a step, goes on with what is left of it", async () => {
    bench = await openJobBench(team, {
      coordinator: [calls(["worker", { query: "Long" }]), complete, says("Done")],
      worker: (_, turn) =>
        turn === 0
          ? { text: Array.from({ length: 200 }, (__, index) => `word ${index} `), slow: 50, usage }
          : says("Worked"),
    });
    const { app } = bench;
    const listening = app.onEvents((events) => {
      if (events.some(({ type, expertKey }) => type === "streamText" && expertKey === "worker"))
        app.active[0]?.cancel();
    });
    const { dir, jobId } = await bench.start();
    listening.dispose();
    expect(sequences(await toldOf(jobId))).toEqual([
      `startRun ${DELEGATE}`,
      "startRun startGeneration stopRunByError",
      "startRun stopRunByError",
    ]);
    const stop = (await toldOf(jobId)).findLast((event) => event.type === "stopRunByError");
    expect(stop).toMatchObject({
      error: { name: "Cancelled" },
      checkpoint: { expert: { key: "coordinator" }, pendingToolCalls: [{ toolName: "worker" }] },
    });
    await bench.resume({ dir });
    expect(sequences(await toldOf(jobId)).slice(3)).toEqual([
      "startRun resumeToolCalls callDelegate stopRunByDelegate",
      "startRun startGeneration completeRun",
      `${RETURN} ${DONE}`,
    ]);
  });
});

describe("random runs", () => {
  it("are told soundly and can be read again, however they went and wherever they were cancelled", async () => {
    const root = await mkdtemp(join(tmpdir(), "runtrail-export-"));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(randomTurns, fc.nat(40), async (turns, cancelAt) => {
        const controller = new AbortController();
        const live = createPerstackWriter();
        const heard: WrittenEvent[] = [];
        let count = 0;
        const { events } = await runLoop(scriptedModel(turns), {
          signal: controller.signal,
          onEvent(event) {
            heard.push(...live.write(structuredClone(event)));
            count += 1;
            if (count === cancelAt) controller.abort();
          },
        });
        expectSound(heard);
        const writer = createPerstackWriter();
        const told = events.flatMap((event) => writer.write(event));
        expectSound(told);
        // Live or read back: only the pieces of a stream differ.
        const lasting = (list: readonly WrittenEvent[]) => list.filter(({ type }) => !/tream/u.test(type));
        expect(lasting(heard)).toEqual(lasting(told));
        runs += 1;
        const folder = join(root, String(runs));
        await writePerstackJob([{ events }], folder);
        const { runs: read, problems } = await perstack.read(folder);
        expect(problems).toEqual([]);
        checkLaws(read);
        const endOf = (run: Run | undefined) => [run?.status, run?.stopReason, run?.usage?.totalTokens ?? 0];
        expect(read.map((each) => endOf(runOf(each.events)))).toEqual([endOf(runOf(events))]);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe.skipIf(!areSamplesThere)("the keys of what is told", () => {
  it("are those that Perstack's own events and checkpoints have", async () => {
    const theirs = await keysOfSamples();
    const own = new Map<string, Set<string>>();
    for (const { toml = solo, script, request } of Object.values(scenarios)) {
      bench = await openJobBench(toml, script);
      const { jobId } = await bench.start(request);
      for (const event of await toldOf(jobId)) addKeys(own, event);
      await bench.close();
    }
    for (const [name, keys] of own) {
      const known = theirs.get(name);
      if (known)
        expect(
          [...keys].filter((key) => !known.has(key) && !ours.has(`${name} ${key}`)),
          name,
        ).toEqual([]);
    }
    expect(own.size).toBeGreaterThan(25);
  });
});
