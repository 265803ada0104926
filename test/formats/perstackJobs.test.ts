/** Jobs as Perstack records them, in every layout: what goes on in one run of ours and what is a run of its own. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { perstack } from "../../src/formats/perstack/perstack";
import { readPerstackCheckpoints } from "../../src/formats/perstack/readCheckpoints";
import { conversationOf, messagesOf } from "../../src/model/conversation";
import { type Run, runOf } from "../../src/model/run";
import { PerstackJob, type PerstackRun } from "../support/perstackJob";
import { checkLaws, eventsIn, withoutIds } from "./foreignRunLaws";

let root: string;
let job: PerstackJob;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-perstack-")));
  job = new PerstackJob("job1");
});

interface Reading {
  foreign: ForeignRun;
  run: Run;
  /** Types of its events, without those of every step. */
  course: string[];
}

const everyStep = new Set(["startGeneration", "finishGeneration", "startToolCall", "finishToolCall", "finishStep"]);

async function readJob(path?: string): Promise<Reading[]> {
  const { runs, problems } = await perstack.read(path ?? (await job.write(root)));
  expect(problems).toEqual([]);
  checkLaws(runs);
  return runs.map((foreign) => {
    const run = runOf(foreign.events) as Run;
    return { foreign, run, course: foreign.events.map(({ type }) => type).filter((type) => !everyStep.has(type)) };
  });
}

async function only(): Promise<Reading> {
  const readings = await readJob();
  expect(readings).toHaveLength(1);
  return readings[0] as Reading;
}

function oneStep(run: PerstackRun, tool = "listDirectory"): void {
  run.results(run.calls("", { tool, args: { path: "." } }), "{}");
}

function finishedRun(query = "First", steps = 2): PerstackRun {
  const run = job.run("solo", { query });
  for (let step = 1; step < steps; step += 1) oneStep(run);
  run.complete("Done.");
  return run;
}

describe("a job of Perstack", () => {
  it("is one run with its steps, its text and what it used", async () => {
    finishedRun();
    const { run, course, foreign } = await only();
    expect(course).toEqual(["startRun", "finishRun"]);
    expect(run).toMatchObject({ status: "finished", text: "Done.", query: "First", expertKey: "solo", jobId: "job1" });
    expect(run.steps.map(({ step, usage }) => [step, usage?.totalTokens])).toEqual([
      [1, 10],
      [2, 15],
    ]);
    expect(run.usage?.totalTokens).toBe(25);
    expect(foreign.dir).toBe(join(root, "perstack", "jobs", "job1", "runs", run.runId));
    expect(eventsIn(foreign, "startRun")[0]).toMatchObject({ instruction: "You are solo.", workspace: root });
  });

  it("gets a new run for each further query, which says what it goes on from", async () => {
    const first = finishedRun();
    const second = job.run("solo", { query: "Second", from: first.checkpoint });
    second.answer("Two.");
    const branchedFrom = job.checkpoints[0]?.checkpoint;
    if (!branchedFrom) throw new Error("no checkpoint");
    const third = job.run("solo", { query: "Third", from: branchedFrom });
    third.answer("Three.");
    const [one, two, three] = await readJob();
    expect(one?.run.origin).toBeUndefined();
    const at = { jobId: "job1", runId: first.runId };
    expect(two?.run.origin).toEqual({ ...at, kind: "continue", checkpointId: first.checkpoint.id });
    expect(three?.run.origin).toEqual({ ...at, kind: "resume", checkpointId: branchedFrom.id });
    expect(two?.run).toMatchObject({ query: "Second", text: "Two.", steps: [{ step: 3 }] });
    expect(three?.run.usage?.totalTokens).toBe(5);
    const base = two?.foreign.base ?? [];
    expect(withoutIds(conversationOf(two?.foreign.events ?? [], base))).toEqual(
      withoutIds(messagesOf(second.checkpoint as never)),
    );
  });

  it("stops for input, is answered, and goes on in the same run", async () => {
    const asking = job.run("solo", { query: "Ask me" });
    const [read, question] = asking.calls(
      "",
      { tool: "readTextFile", args: { path: "a" } },
      { tool: "askUser", args: { question: "Which?" }, skill: "user-input" },
    );
    if (!read || !question) throw new Error("no calls");
    asking.stop("InteractiveTool", [question], [asking.result(read, '{"error":"Error","message":"no such file"}')]);
    const stopped = await only();
    expect(stopped.course).toEqual(["startRun", "requestInput", "stopRun"]);
    expect(stopped.run).toMatchObject({
      ...{ status: "stopped", stopReason: "input" },
      inputRequests: [{ toolCallId: question.id, skill: "user-input", args: { question: "Which?" } }],
    });
    const reply = { id: question.id, skillName: "user-input", toolName: "askUser" };
    const answered = job.run("solo", {
      from: asking.checkpoint,
      results: [{ ...reply, result: [{ type: "textPart", id: "t", text: '{"error":"said by a person"}' }] }],
    });
    answered.complete("Thanks.");
    const { run, course, foreign } = await only();
    expect(course).toEqual(["startRun", "requestInput", "stopRun", "resumeRun", "receiveInput", "finishRun"]);
    expect(run).toMatchObject({ status: "finished", inputRequests: [] });
    expect(foreign.sourceRunIds).toEqual([asking.runId, answered.runId]);
    expect(eventsIn(foreign, "finishToolCall").map(({ tool, isError }) => [tool, isError])).toEqual([
      ["readTextFile", true],
      ["askUser", false],
      ["attemptCompletion", false],
    ]);
  });

  it("delegates beside a tool of its own, and the coordinator goes on where it was", async () => {
    const boss = job.run("boss", { query: "Both" });
    const calls = boss.calls(
      "Over to you.",
      { tool: "listDirectory" },
      { tool: "math", skill: "math", args: { query: "Add" } },
      { tool: "words", skill: "words", args: { query: "Reverse" } },
    );
    const [look, add, reverse] = calls;
    if (!look || !add || !reverse) throw new Error("no calls");
    boss.stop("Delegate", [add, reverse], [boss.result(look, "{}")]);
    const [math, words] = [boss.delegate(add, false), boss.delegate(reverse, false)];
    oneStep(words);
    math.complete("5");
    words.complete("olleh");
    const said = (call: typeof add, text: string) => ({
      ...{ id: call.id, skillName: `delegate/${call.toolName}`, toolName: call.toolName },
      result: [{ type: "textPart", id: "t", text }],
    });
    const back = boss.return([said(reverse, "olleh"), said(add, "5")], words);
    back.complete("5 and olleh");
    const readings = await readJob();
    const [coordinator, ...delegates] = readings;
    expect(coordinator?.course).toEqual([
      ...["startRun", "startDelegation", "startDelegation", "finishDelegation", "finishDelegation", "finishRun"],
    ]);
    expect(coordinator?.foreign.sourceRunIds).toEqual([boss.runId, back.runId]);
    expect(delegates.map(({ run }) => [run.expertKey, run.parent?.runId, run.parent?.toolCallId])).toEqual([
      ["math", boss.runId, add.id],
      ["words", boss.runId, reverse.id],
    ]);
    // Each result stands with its call, in the step it was made in.
    const [step] = coordinator?.run.steps ?? [];
    const items = step?.items.flatMap((item) => (item.kind === "toolCall" ? [item] : []));
    expect(items?.map(({ tool, childRunId, isError }) => [tool, childRunId, isError])).toEqual([
      ["listDirectory", undefined, false],
      ["math", math.runId, false],
      ["words", words.runId, false],
    ]);
    const own = 10 + 15;
    expect(coordinator?.run.usage?.totalTokens).toBe(own + 15 + 25);
    expect(withoutIds(conversationOf(coordinator?.foreign.events ?? []))).toEqual(
      withoutIds(messagesOf(back.checkpoint as never)),
    );
  });

  it("ends with a delegate that fails: nobody comes back to those above", async () => {
    const top = job.run("top", { query: "Go" });
    const [down] = top.calls("", { tool: "middle", skill: "middle", args: { query: "Go on" } });
    if (!down) throw new Error("no call");
    top.stop("Delegate", [down]);
    const below = top.delegate(down);
    const [further] = below.calls("", { tool: "leaf", skill: "leaf", args: { query: "Fail" } });
    if (!further) throw new Error("no call");
    below.stop("Delegate", [further]);
    const leaf = below.delegate(further);
    leaf.generate();
    leaf.stopByError({ message: "invalid x-api-key", statusCode: 401 });
    const readings = await readJob();
    expect(readings.map(({ run }) => [run.expertKey, run.status, run.error?.class])).toEqual([
      ["top", "failed", "provider_auth"],
      ["middle", "failed", "provider_auth"],
      ["leaf", "failed", "provider_auth"],
    ]);
    expect(readings[0]?.run.error?.message).toBe(
      "The delegate middle failed: The delegate leaf failed: invalid x-api-key",
    );
    expect(readings[0]?.run.usage?.totalTokens).toBe(20);
    expect(readings[2]?.run.failures).toHaveLength(1);
  });

  it("ends with a delegate that runs out of steps, and tells of one that was cut off beside it", async () => {
    const boss = job.run("boss", { query: "Both" });
    const [add, reverse] = boss.calls(
      "",
      { tool: "math", skill: "math", args: { query: "Add" } },
      { tool: "words", skill: "words", args: { query: "Reverse" } },
    );
    if (!add || !reverse) throw new Error("no calls");
    boss.stop("Delegate", [add, reverse]);
    const [math, words] = [boss.delegate(add, false), boss.delegate(reverse, false)];
    words.calls("", { tool: "exec" });
    math.stopByMaxSteps(math.calls("", { tool: "exec" }));
    const [coordinator, , cutOff] = await readJob();
    expect(coordinator?.run).toMatchObject({ status: "stopped", stopReason: "maxSteps" });
    expect(eventsIn(coordinator?.foreign as ForeignRun, "finishDelegation").map(({ status }) => status)).toEqual([
      "stopped",
      "interrupted",
    ]);
    expect(coordinator?.run.usage?.totalTokens).toBe(30);
    expect(cutOff?.run.status).toBe("running");
  });

  it("goes back to the coordinator in a branch of its own where a delegate's checkpoint is resumed", async () => {
    const boss = job.run("boss", { query: "Do" });
    const [call] = boss.calls("", { tool: "worker", skill: "worker", args: { query: "Work" } });
    if (!call) throw new Error("no call");
    boss.stop("Delegate", [call]);
    const worker = boss.delegate(call);
    oneStep(worker);
    worker.complete("7");
    const said = (text: string) => ({
      ...{ id: call.id, skillName: "delegate/worker", toolName: "worker" },
      result: [{ type: "textPart", id: "t", text }],
    });
    boss.return([said("7")], worker).complete("It is 7.");
    const source = job.checkpoints.find(({ checkpoint }) => checkpoint.expert.key === "worker")?.checkpoint;
    if (!source) throw new Error("no checkpoint");
    const again = job.run("worker", { query: "Again", from: source });
    again.answer("8");
    const back = boss.return([said("8")], again);
    back.complete("It is 8.");
    const readings = await readJob();
    expect(readings.map(({ run }) => [run.expertKey, run.origin?.kind, run.parent?.runId, run.text])).toEqual([
      ["boss", undefined, undefined, "It is 7."],
      ["worker", undefined, boss.runId, "7"],
      ["worker", "resume", boss.runId, "8"],
      ["boss", "resume", undefined, "It is 8."],
    ]);
    expect(readings[3]?.run.origin).toMatchObject({ runId: boss.runId, checkpointId: boss.checkpoint.id });
    expect(withoutIds(conversationOf(readings[3]?.foreign.events ?? [], readings[3]?.foreign.base))).toEqual(
      withoutIds(messagesOf(back.checkpoint as never)),
    );
  });

  it("tells of a call that was cut off, and of text beside the completion", async () => {
    const run = job.run("solo", { query: "Write" });
    run.retryLength({ tool: "writeTextFile", args: { path: "a" } });
    run.completeWithText("Here it is.");
    const { run: reading, foreign, course } = await only();
    expect(course).toEqual(["startRun", "retryGeneration", "finishRun"]);
    expect(reading).toMatchObject({ status: "finished", text: "Here it is." });
    expect(reading.usage?.totalTokens).toBe(13);
    const generations = eventsIn(foreign, "finishGeneration");
    expect(generations.map(({ finishReason, attempt }) => [finishReason, attempt])).toEqual([
      ["length", 1],
      ["toolCalls", 2],
    ]);
    expect(reading.failures.every(({ grade }) => grade === "recovered")).toBe(true);
  });

  it("does not claim that tool calls beside the completion were made, unless they have results", async () => {
    const run = job.run("solo", { query: "Both" });
    const [write, completion] = run.calls("", { tool: "writeTextFile" }, { tool: "attemptCompletion" });
    if (!write || !completion) throw new Error("no calls");
    run.results([completion], '{"remainingTodos":[{"id":0,"title":"a","completed":false}]}');
    oneStep(run, "exec");
    const [made, last] = run.calls("", { tool: "deleteFile" }, { tool: "attemptCompletion" });
    if (!made || !last) throw new Error("no calls");
    run.results([last, made], "{}", "{}");
    const { foreign, run: reading } = await only();
    const started = eventsIn(foreign, "startToolCall").map(({ tool }) => tool);
    expect(started).toEqual(["attemptCompletion", "exec", "deleteFile", "attemptCompletion"]);
    expect(reading.failures).toMatchObject([{ grade: "blocked", step: 1 }]);
    expect(reading.status).toBe("running");
  });

  it.each([
    ["statusCode", { message: "no", statusCode: 429 }, "provider_rate_limit"],
    ["statusCode", { message: "no", statusCode: 503 }, "provider_unavailable"],
    ["statusCode", { message: "no", statusCode: 404 }, "provider_bad_request"],
    ["words", { name: "AI_APICallError", message: "invalid x-api-key" }, "provider_auth"],
    ["words", { name: "TimeoutError", message: "The operation was aborted due to timeout" }, "timeout"],
    ["words", { name: "TypeError", message: "terminated" }, "provider_unavailable"],
    ["name", { name: "AI_NoOutputGeneratedError", message: "No output generated." }, "provider_unavailable"],
    ["nothing", { name: "RangeError", message: "oops" }, "internal"],
  ])("knows the class of an error by its %s", async (_, error, expected) => {
    const run = job.run("solo", { query: "Fail" });
    run.generate();
    run.stopByError(error);
    const { run: reading } = await only();
    expect(reading).toMatchObject({ status: "failed", error: { ...error, class: expected } });
    expect(reading.failures).toMatchObject([{ grade: "fatal", class: expected, step: 1 }]);
  });

  it("is found in its workspace, in the folder of all jobs, as a job, and by one of its runs", async () => {
    const first = finishedRun();
    job.run("solo", { query: "Second", from: first.checkpoint }).answer("Two.");
    const jobDir = await job.write(root);
    for (const path of [root, join(root, "perstack", "jobs"), jobDir]) {
      expect(await perstack.accepts(path)).toBe(true);
      expect(await readJob(path)).toHaveLength(2);
    }
    const runDir = join(jobDir, "runs", first.runId);
    expect(await perstack.accepts(runDir)).toBe(true);
    expect((await readJob(runDir)).map(({ run }) => run.query)).toEqual(["First"]);
  });

  it("shows several runs of one id, as 0.0.46 recorded them, each for itself", async () => {
    const first = finishedRun();
    job.run("solo", { query: "Second", from: first.checkpoint }).answer("Two.");
    for (const event of job.events) event.runId = first.runId;
    const [one, two] = await readJob();
    expect([one?.run.runId, two?.run.runId]).toEqual([first.runId, `${first.runId}-2`]);
    expect(new Set([one?.foreign.dir, two?.foreign.dir]).size).toBe(2);
    expect(two?.run.origin).toMatchObject({ kind: "continue", runId: first.runId });
  });

  it("leaves a run of ours in the same job alone", async () => {
    const first = finishedRun();
    const jobDir = await job.write(root);
    const ours = join(jobDir, "runs", "ours");
    await mkdir(ours);
    await writeFile(join(ours, "events.jsonl"), "{}\n");
    await writeFile(join(ours, "checkpoint-9999999999999-9-c.json"), JSON.stringify(first.checkpoint));
    expect(await readJob(jobDir)).toHaveLength(1);
    expect((await readPerstackCheckpoints(jobDir)).checkpoints).toHaveLength(2);
  });
});

describe("the checkpoints of a job of Perstack", () => {
  it.each(["code", "docs"] as const)("are read in the layout of its %s, whole", async (layout) => {
    const boss = job.run("boss", { query: "Do" });
    const [call] = boss.calls("", { tool: "worker", skill: "worker", args: { query: "Work" } });
    if (!call) throw new Error("no call");
    boss.stop("Delegate", [call]);
    const worker = boss.delegate(call);
    oneStep(worker);
    const jobDir = await job.write(root, layout);
    const { checkpoints, problems } = await readPerstackCheckpoints(jobDir);
    expect(problems).toEqual([]);
    expect(checkpoints.map(({ checkpoint }) => checkpoint)).toEqual(
      JSON.parse(JSON.stringify(job.checkpoints.map(({ checkpoint }) => checkpoint))),
    );
    expect(await readJob(jobDir)).toHaveLength(2);
  });

  it("tell of the runs where the events are gone", async () => {
    const first = finishedRun("First", 3);
    job.run("solo", { query: "Second", from: first.checkpoint }).answer("Two.");
    const told = (await readJob(await job.write(root))).map(({ run }) => summaryOf(run));
    await rm(join(root, "perstack"), { recursive: true });
    const jobDir = await job.write(root, "checkpoints");
    expect(await perstack.accepts(jobDir)).toBe(true);
    const readings = await readJob(jobDir);
    expect(readings.map(({ run }) => summaryOf(run))).toEqual(told);
    const [one] = readings;
    expect(withoutIds(conversationOf(one?.foreign.events ?? []))).toEqual(
      withoutIds(messagesOf(first.checkpoint as never)),
    );
  });

  it("tell of delegates as well, with what each used", async () => {
    const boss = job.run("boss", { query: "Do" });
    const [call] = boss.calls("", { tool: "worker", skill: "worker", args: { query: "Work" } });
    if (!call) throw new Error("no call");
    boss.stop("Delegate", [call]);
    const worker = boss.delegate(call);
    oneStep(worker);
    worker.complete("7");
    const jobDir = await job.write(root, "checkpoints");
    const [coordinator, delegate] = await readJob(jobDir);
    expect(delegate?.run).toMatchObject({ status: "finished", parent: { toolCallId: call.id }, text: "7" });
    expect(delegate?.run.usage?.totalTokens).toBe(25);
    expect(coordinator?.run.usage?.totalTokens).toBe(35);
  });
});

function summaryOf({ query, status, text, steps, usage, origin }: Run): unknown {
  return {
    query,
    status,
    text,
    steps: steps.map(({ step }) => step),
    tokens: usage?.totalTokens,
    origin: origin?.kind,
  };
}
