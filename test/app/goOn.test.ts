import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { listCheckpoints } from "../../src/store/checkpoints";
import { layout } from "../../src/store/layout";
import { brokenLaws, type ExpertScript, expertsToml, type JobBench, openJobBench } from "../support/jobs";
import type { ModelTurn } from "../support/modelServer";
import { readNamedCheckpoints } from "../support/namedCheckpoints";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const usage = { inputTokens: 100, outputTokens: 10 };
const look: ModelTurn = { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }], usage };
const toml = expertsToml({ coordinator: 'delegates = ["worker"]', worker: "", other: "" });
const files = { "a.txt": "hello" };

async function open(script: Record<string, ExpertScript>, head = ""): Promise<JobBench> {
  bench = await openJobBench(`${head}\n${toml}`, script, { files });
  return bench;
}

const lastBody = () =>
  bench?.server.requests.at(-1)?.body as { messages: { role: string; content: unknown }[]; system: unknown };
const told = () => JSON.stringify(lastBody());

describe("continuing", () => {
  it("a finished job with a new query is a new run of the job that knows what was said before", async () => {
    const { start, readJob } = await open({
      coordinator: [look, { text: "First answer", usage }, { text: "Second answer", usage }],
    });
    const first = await start({ query: "First question" });
    const second = await start({ query: "Second question", from: { kind: "continue", dir: first.dir } });
    expect(second.jobId).toBe(first.jobId);
    expect(second.outcome).toMatchObject({ status: "finished", text: "Second answer", lastStep: 3 });
    for (const said of ["First question", "First answer", "Second question", "hello"]) expect(told()).toContain(said);
    const runs = await readJob(first.jobId);
    expect(runs.map(({ run }) => run.query)).toEqual(["First question", "Second question"]);
    expect(runs[1]?.run).toMatchObject({
      origin: { kind: "continue", jobId: first.jobId, runId: first.runId, checkpointId: runs[0]?.run.checkpointId },
      steps: [{ step: 3 }],
    });
    // Its own usage only; what the first one used stays the first one's.
    expect(second.outcome.totalUsage.totalTokens).toBe(110);
    expect(runs.flatMap((each) => brokenLaws(each))).toEqual([]);
  });

  it("goes on from the branch one is on, not from the longest one", async () => {
    const { start } = await open({
      coordinator: [
        look,
        look,
        { text: "Long branch", usage },
        { text: "Short branch", usage },
        { text: "On the short one", usage },
      ],
    });
    const long = await start({ query: "Long question" });
    const [early] = await readNamedCheckpoints(long.dir);
    const short = await start({
      query: "Short question",
      from: { kind: "resume", dir: long.dir, checkpointId: early },
    });
    const next = await start({ query: "Next question", from: { kind: "continue", dir: short.dir } });
    expect(next.outcome.text).toBe("On the short one");
    expect(told()).toContain("Short branch");
    expect(told()).not.toContain("Long branch");
  });

  it("asks for the expert it was begun with, and for a checkpoint that is there", async () => {
    const { start } = await open({ coordinator: [{ text: "Done", usage }] });
    const { dir } = await start();
    await expect(start({ expertKey: "other", query: "x", from: { kind: "continue", dir } })).rejects.toThrow(
      /is of the expert “coordinator”, not of “other”/,
    );
    await expect(start({ query: "x", from: { kind: "resume", dir, checkpointId: "nope" } })).rejects.toThrow(
      /There is no checkpoint nope/,
    );
  });

  it("needs no checkpoint file: one that is lost is rebuilt from the journal", async () => {
    const { start } = await open({
      coordinator: [look, { text: "First answer", usage }, { text: "Second answer", usage }],
    });
    const first = await start();
    for (const { file } of await listCheckpoints(first.dir)) await rm(file);
    const second = await start({ query: "Again", from: { kind: "continue", dir: first.dir } });
    expect(second.outcome.text).toBe("Second answer");
    for (const said of ["First answer", "hello"]) expect(told()).toContain(said);
  });
});

describe("going on", () => {
  it("after the step limit, with a higher one, is the same run", async () => {
    const { start, resume, readJob } = await open({ coordinator: [look, look, { text: "At last", usage }] });
    const { dir, jobId, outcome } = await start({ maxSteps: 2 });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "maxSteps", lastStep: 2 });
    await expect(resume({ dir })).rejects.toThrow("The job is at its limit of 2 steps.");
    expect((await resume({ dir, maxSteps: 5 })).outcome).toMatchObject({
      status: "finished",
      text: "At last",
      lastStep: 3,
    });
    const runs = await readJob(jobId);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.run.limits?.maxSteps).toBe(5);
    expect(runs[0] && brokenLaws(runs[0])).toEqual([]);
  });

  it("after a provider failure makes only the failed step again", async () => {
    const { start, resume, readJob } = await open({
      coordinator: [look, { status: 401 }, { text: "Now it works", usage }],
    });
    const { dir, jobId, outcome } = await start();
    expect(outcome).toMatchObject({ status: "failed", error: { class: "provider_auth", statusCode: 401 } });
    expect((await resume({ dir })).outcome).toMatchObject({ status: "finished", text: "Now it works", lastStep: 2 });
    const [run] = await readJob(jobId);
    expect(run?.run.steps.map(({ step }) => step)).toEqual([1, 2]);
    expect(bench?.server.requests).toHaveLength(3);
  });

  it("after a cancel in the middle of a delegation, the delegate goes on too, and nothing is counted twice", async () => {
    const words = Array.from({ length: 100 }, (_, index) => `word ${index} `);
    const { app, start, resume, readJob } = await open({
      coordinator: [
        { toolCalls: [{ id: "d", name: "worker", args: { query: "Work" } }], usage },
        { text: "Together", usage },
      ],
      worker: [look, { text: words, slow: 30, usage }, { text: "Worked on", usage }],
    });
    const listening = app.onEvents((events) => {
      if (events.some(({ type, expertKey }) => type === "streamText" && expertKey === "worker"))
        app.active[0]?.cancel();
    });
    const { dir, jobId } = await start();
    listening.dispose();
    expect((await resume({ dir })).outcome).toMatchObject({ status: "finished", text: "Together" });
    const runs = await readJob(jobId);
    expect(runs).toHaveLength(2);
    const worker = runs.find(({ run }) => run.expertKey === "worker");
    expect(worker?.run).toMatchObject({ status: "finished", text: "Worked on" });
    const coordinator = runs.find(({ run }) => run.expertKey === "coordinator");
    expect(coordinator?.run.usage?.totalTokens).toBe(4 * 110);
    expect(runs.flatMap((each) => brokenLaws(each))).toEqual([]);
  });

  it("does not follow a journal out of the workspace: a delegate whose id is a path is one that failed", async () => {
    const { start, resume, root, readJob } = await open({
      coordinator: [
        { toolCalls: [{ id: "d", name: "worker", args: { query: "Work" } }], usage },
        { text: "Together", usage },
        { text: "Alone", usage },
      ],
      worker: [{ text: "Never heard", usage }],
    });
    const { dir, jobId } = await start();
    const lines = (await readFile(layout.journal(dir), "utf8")).split("\n");
    const cut = lines.findIndex((line) => line.includes('"finishDelegation"'));
    const childRunId = /"childRunId":"([^"]+)"/.exec(lines[cut] ?? "")?.[1] ?? "";
    const broken = lines.slice(0, cut).join("\n").replaceAll(childRunId, "../../../../../outside");
    await writeFile(layout.journal(dir), `${broken}\n`);
    await writeFile(
      join(dir, "run-info.yaml"),
      (await readFile(join(dir, "run-info.yaml"), "utf8")).replace("completed", "failed"),
    );
    const { outcome } = await resume({ dir });
    expect(outcome).toMatchObject({ status: "finished", text: "Alone" });
    expect(told()).toContain("cannot be a run id");
    expect(await readdir(dirname(root))).not.toContain("outside");
    expect((await readJob(jobId)).length).toBe(2);
  });

  it("is refused for a run that has finished, and for a delegate's", async () => {
    const { start, resume, readJob } = await open({
      coordinator: [
        { toolCalls: [{ name: "worker", args: { query: "Work" } }], usage },
        { text: "Done", usage },
      ],
      worker: [{ status: 400 }],
    });
    const { dir, jobId } = await start();
    await expect(resume({ dir })).rejects.toThrow(/has finished/);
    const worker = (await readJob(jobId)).find(({ run }) => run.expertKey === "worker");
    await expect(resume({ dir: worker?.dir ?? "" })).rejects.toThrow(/is a delegate's/);
  });

  it("is done by one of two that want it at the same time", async () => {
    const { app, start, readJob } = await open({
      coordinator: [{ status: 401 }, { text: ["A", "B", "C"], slow: 20, usage }],
    });
    const { dir, jobId } = await start();
    const again = () => app.resume({ dir, by: "test", approval: "all" });
    const both = await Promise.allSettled([again(), again()]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await Promise.all(both.map(async (each) => (each.status === "fulfilled" ? await each.value.done : undefined)));
    const [run] = await readJob(jobId);
    expect(run && brokenLaws(run)).toEqual([]);
  });
});

describe("what failed, made again", () => {
  it("runs the failed delegate alone again: what the other one did is kept", async () => {
    const calls = ["worker", "other"].map((name) => ({ id: `d-${name}`, name, args: { query: `Work, ${name}` } }));
    const duo = expertsToml({ coordinator: 'delegates = ["worker", "other"]', worker: "", other: "" });
    bench = await openJobBench(duo, {
      coordinator: [
        { toolCalls: calls, usage },
        { text: "Half done", usage },
        { text: "All done", usage },
      ],
      worker: [{ status: 401 }, { text: "Worked after all", usage }],
      other: [{ text: "The other one's", usage }],
    });
    const first = await bench.start();
    expect(first.outcome.text).toBe("Half done");
    const again = await bench.start({ query: "", from: { kind: "retry", dir: first.dir } });
    expect(again.outcome).toMatchObject({ status: "finished", text: "All done" });
    for (const said of ["Worked after all", "The other one's"]) expect(told()).toContain(said);
    const runs = await bench.readJob(first.jobId);
    expect(runs.filter(({ run }) => run.expertKey === "other")).toHaveLength(1);
    expect(runs.filter(({ run }) => run.expertKey === "worker")).toHaveLength(2);
    expect(runs.flatMap((each) => brokenLaws(each))).toEqual([]);
  });

  it("needs a call that failed", async () => {
    const { start } = await open({ coordinator: [{ text: "Done", usage }] });
    const { dir } = await start();
    await expect(start({ query: "", from: { kind: "retry", dir } })).rejects.toThrow(/no tool call that failed/);
  });
});

describe("a fork", () => {
  it("is a job of its own, with another message in the place of what a tool said", async () => {
    const { start, readJob } = await open({
      coordinator: [look, { text: "It says hello", usage }, { text: "It says bye", usage }],
    });
    const first = await start();
    const [early] = await readNamedCheckpoints(first.dir);
    const [recorded] = await readJob(first.jobId);
    const result = recorded?.events.find(({ type }) => type === "finishToolCall")?.id ?? "";
    const from = {
      kind: "fork" as const,
      dir: first.dir,
      checkpointId: early,
      edit: { messageId: result, text: "bye" },
    };
    const fork = await start({ query: "", from });
    expect(fork.jobId).not.toBe(first.jobId);
    expect(fork.outcome.text).toBe("It says bye");
    expect(told()).not.toContain("hello");
    const [run] = await readJob(fork.jobId);
    expect(run?.run.origin).toMatchObject({
      kind: "fork",
      runId: first.runId,
      checkpointId: early,
      changed: ["message"],
    });
    expect((await readJob(first.jobId))[0]?.events).toEqual(recorded?.events);
  });

  it("takes the instruction as the definition has it now, another expert, or another model", async () => {
    const { start, readJob } = await open({ coordinator: [{ text: "One", usage }], other: [{ text: "Two", usage }] });
    const first = await start();
    const fork = await start({
      expertKey: "other",
      query: "Go on",
      model: "claude-haiku-4-5",
      from: { kind: "fork", dir: first.dir, isNewInstruction: true },
    });
    expect(fork.outcome.text).toBe("Two");
    expect(JSON.stringify(lastBody().system)).toContain("expert “other”");
    expect(bench?.server.requests.at(-1)?.body.model).toBe("claude-haiku-4-5");
    const [run] = await readJob(fork.jobId);
    expect(run?.run.origin?.changed).toEqual(["message", "definition", "expert", "model"]);
  });

  it("of nothing but the query is a rerun, which says what it repeats", async () => {
    const { start, readJob } = await open({
      coordinator: [
        { text: "One", usage },
        { text: "Two", usage },
      ],
    });
    const first = await start({ query: "The question" });
    const again = await start({ query: "", from: { kind: "rerun", dir: first.dir } });
    const [run] = await readJob(again.jobId);
    expect(run?.run).toMatchObject({
      query: "The question",
      origin: { kind: "rerun", runId: first.runId },
      text: "Two",
    });
    expect(lastBody().messages).toHaveLength(1);
  });
});

describe("a budget", () => {
  it("of tokens is the job's: it stops the coordinator and its delegates, and goes on with a higher one", async () => {
    const { start, resume, readJob } = await open({
      coordinator: [
        { toolCalls: [{ id: "d", name: "worker", args: { query: "Work" } }], usage },
        { text: "Enough", usage },
      ],
      worker: [look, look, { text: "Worked", usage }],
    });
    const { dir, jobId, outcome } = await start({ maxTokens: 300 });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "budget" });
    const stopped = await readJob(jobId);
    expect(stopped.map(({ run }) => run.stopReason)).toEqual(["budget", "budget"]);
    expect(stopped[0]?.run.failures.at(-1)).toMatchObject({ class: "budget_exceeded", grade: "blocked" });
    expect(outcome.totalUsage.totalTokens).toBe(330);
    const still = await resume({ dir });
    expect(still.outcome).toMatchObject({ status: "stopped", stopReason: "budget" });
    expect((await resume({ dir, maxTokens: 10_000 })).outcome).toMatchObject({ status: "finished", text: "Enough" });
  });

  it("of money counts what the models cost, also from perstack.toml, over all runs of the job", async () => {
    const { start } = await open(
      { coordinator: [look, { text: "One", usage }, { text: "Two", usage }] },
      "maxCost = 0.001",
    );
    const first = await start();
    expect(first.outcome).toMatchObject({ status: "finished", cost: expect.closeTo(0.0009, 4) });
    const second = await start({ query: "More", from: { kind: "continue", dir: first.dir }, maxCost: 0.0008 });
    expect(second.outcome).toMatchObject({ status: "stopped", stopReason: "budget" });
  });

  it("of money cannot be kept where the price is not known: that is said before anything is spent", async () => {
    const { start } = await open({ coordinator: [] });
    const { outcome } = await start({ maxCost: 1, model: "claude-of-tomorrow" });
    expect(outcome).toMatchObject({ status: "failed", error: { class: "invalid_definition" } });
    expect(outcome.error?.message).toContain("runtrail.prices");
    expect(bench?.server.requests).toEqual([]);
  });
});

describe("runs at the same time", () => {
  it("are as many as allowed; the others are shown as waiting, and can be cancelled before their turn", async () => {
    const slow: ModelTurn = { text: ["A", "B", "C", "D"], slow: 30, usage };
    bench = await openJobBench(toml, { coordinator: () => slow }, { files, app: { maxConcurrentRuns: () => 1 } });
    const { app, root } = bench;
    const request = {
      definitionPath: join(root, "perstack.toml"),
      expertKey: "coordinator",
      query: "Go",
      approval: "all" as const,
    };
    const first = await app.start(request);
    const second = await app.start(request);
    const third = await app.start(request);
    expect(app.runs.get(second.dir)).toMatchObject({ status: "running", isQueued: true, query: "Go" });
    third.cancel();
    expect(await third.done).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    expect(await first.done).toMatchObject({ status: "finished" });
    expect(await second.done).toMatchObject({ status: "finished" });
    expect(app.runs.get(second.dir)).not.toHaveProperty("isQueued");
    const starts = bench.heard.filter(({ type, runId }) => type === "startGeneration" && runId !== third.runId);
    const ends = bench.heard.filter(({ type, runId }) => type === "finishRun" && runId === first.runId);
    expect(starts.at(1)?.timestamp).toBeGreaterThanOrEqual(ends.at(0)?.timestamp ?? Number.POSITIVE_INFINITY);
  });
});
