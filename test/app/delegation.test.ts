import { afterEach, describe, expect, it } from "vitest";
import { addUsage, noUsage } from "../../src/model/addUsage";
import { brokenLaws, expertsToml, type JobBench, openJobBench, type RecordedRun } from "../support/jobs";
import type { ModelTurn } from "../support/modelServer";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
});

const usage = { inputTokens: 100, outputTokens: 10 };
const asks = (...queries: [tool: string, query: string][]): ModelTurn => ({
  toolCalls: queries.map(([name, query], index) => ({ id: `ask_${name}_${index}`, name, args: { query } })),
  usage,
});
const says = (text: string): ModelTurn => ({ text, usage });

const duo = expertsToml({ coordinator: 'delegates = ["worker"]', worker: "" });

async function play(
  toml: string,
  script: Parameters<typeof openJobBench>[1],
  request: Parameters<JobBench["start"]>[0] = {},
) {
  bench = await openJobBench(toml, script);
  const played = await bench.start(request);
  const runs = await bench.readJob(played.jobId);
  for (const recorded of runs) expect(brokenLaws(recorded, bench.heard)).toEqual([]);
  for (const recorded of runs) expectRollUp(recorded, runs);
  expect(bench.errors).toEqual([]);
  return { ...played, runs, of: (expert: string) => runs.filter(({ run }) => run.expertKey === expert) };
}

/** Parent = own + children, always. */
function expectRollUp({ run, events }: RecordedRun, runs: readonly RecordedRun[]): void {
  const own = events.flatMap((event) => (event.type === "finishGeneration" ? [event.usage] : []));
  const children = runs.filter(({ run: { parent } }) => parent?.runId === run.runId).map((child) => child.run.usage);
  expect(run.usage).toEqual([...own, ...children].reduce(addUsage, noUsage));
}

describe("a delegation", () => {
  it("is a run of its own in the job, linked to the call, whose answer goes back to the coordinator", async () => {
    const { outcome, of } = await play(duo, {
      coordinator: [asks(["worker", "Add three and four"]), says("It is 7.")],
      worker: [{ toolCalls: [{ name: "todo", args: { newTodos: [] } }], usage }, says("7")],
    });
    expect(outcome).toMatchObject({ status: "finished", text: "It is 7.", lastStep: 4 });
    const [coordinator] = of("coordinator");
    const [worker] = of("worker");
    expect(worker?.run).toMatchObject({
      status: "finished",
      query: "Add three and four",
      parent: { runId: coordinator?.run.runId, toolCallId: "ask_worker_0" },
    });
    // The worker goes on counting where the coordinator was, and the coordinator where the worker ended.
    expect(worker?.run.steps.map(({ step }) => step)).toEqual([2, 3]);
    expect(coordinator?.run.steps.map(({ step }) => step)).toEqual([1, 4]);
    const call = coordinator?.run.steps[0]?.items.find((item) => item.kind === "toolCall");
    expect(call).toMatchObject({ childRunId: worker?.run.runId, isError: false });
    expect(JSON.stringify(bench?.server.requests.at(-1)?.body)).toContain('"7"');
    expect(outcome.totalUsage.totalTokens).toBe(4 * 110);
  });

  it("of several in one step runs side by side, the same delegate twice included", async () => {
    const { outcome, of } = await play(duo, {
      coordinator: [asks(["worker", "One"], ["worker", "Two"], ["worker", "Three"]), says("Done")],
      worker: (request) => says(`Answer to ${/One|Two|Three/.exec(JSON.stringify(request.body))?.[0]}`),
    });
    expect(outcome).toMatchObject({ status: "finished", lastStep: 3 });
    expect(
      of("worker")
        .map(({ run }) => run.text)
        .sort(),
    ).toEqual(["Answer to One", "Answer to Three", "Answer to Two"]);
    expect(of("worker").map(({ run }) => run.steps[0]?.step)).toEqual([2, 2, 2]);
    const results = of("coordinator")[0]?.events.flatMap((event) =>
      event.type === "finishToolCall" ? [[event.toolCallId, event.result]] : [],
    );
    expect(new Map(results as [string, unknown][]).get("ask_worker_1")).toEqual([
      { type: "textPart", text: "Answer to Two" },
    ]);
  });

  it("goes as deep as experts delegate, with all tokens rolled up", async () => {
    const toml = expertsToml({ coordinator: 'delegates = ["middle"]', middle: 'delegates = ["leaf"]', leaf: "" });
    const { outcome, of, runs } = await play(toml, {
      coordinator: [asks(["middle", "Go down"]), says("Up again")],
      middle: [asks(["leaf", "Deeper"]), says("From the middle")],
      leaf: [says("From the leaf")],
    });
    expect(outcome).toMatchObject({ status: "finished", text: "Up again", lastStep: 5 });
    expect(runs).toHaveLength(3);
    expect(of("leaf")[0]?.run.parent?.runId).toBe(of("middle")[0]?.run.runId);
    expect(outcome.totalUsage.totalTokens).toBe(5 * 110);
  });

  it.each([
    ["alone", [["worker", "Fail"]]],
    [
      "beside one that does not",
      [
        ["worker", "Fail"],
        ["helper", "Help"],
      ],
    ],
  ] as [string, [string, string][]][])("that fails, %s, goes back to the coordinator as an error", async (_, calls) => {
    const toml = expertsToml({ coordinator: 'delegates = ["worker", "helper"]', worker: "", helper: "" });
    const { outcome, of } = await play(toml, {
      coordinator: [asks(...calls), says("I manage without.")],
      worker: [{ status: 401 }],
      helper: [says("Helped")],
    });
    expect(outcome).toMatchObject({ status: "finished", text: "I manage without." });
    expect(of("worker")[0]?.run).toMatchObject({
      status: "failed",
      error: { class: "provider_auth", statusCode: 401 },
    });
    const told = JSON.stringify(bench?.server.requests.at(-1)?.body);
    expect(told).toContain("The delegate worker failed");
    expect(of("coordinator")[0]?.run.failures).toMatchObject([{ grade: "recovered", class: "provider_auth" }]);
    if (calls.length > 1) expect(told).toContain("Helped");
  });

  it("that reaches the step limit goes back to the coordinator, which is stopped by it too", async () => {
    const { outcome, of } = await play(
      duo,
      {
        coordinator: [asks(["worker", "Work on"])],
        worker: () => ({ toolCalls: [{ name: "healthCheck", args: {} }], usage }),
      },
      { maxSteps: 3 },
    );
    expect(of("worker")[0]?.run).toMatchObject({ status: "stopped", stopReason: "maxSteps" });
    expect(of("coordinator")[0]?.run.failures[0]).toMatchObject({ class: "max_steps", toolCallId: "ask_worker_0" });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "maxSteps", lastStep: 3 });
  });

  it("has todos of its own: those of the coordinator do not hold it up", async () => {
    const { outcome, of } = await play(duo, {
      coordinator: [
        {
          toolCalls: [
            { name: "todo", args: { newTodos: ["Later"] } },
            { name: "worker", args: { query: "Now" } },
          ],
          usage,
        },
        says("Fine"),
      ],
      worker: [{ text: "Worked", toolCalls: [{ name: "attemptCompletion", args: {} }], usage }],
    });
    expect(outcome.status).toBe("finished");
    expect(of("worker")[0]?.run).toMatchObject({ status: "finished", text: "Worked", failures: [] });
  });

  it("without a query, or to an expert that is not there, is told to the model or recorded as what is wrong", async () => {
    const { outcome } = await play(duo, {
      coordinator: [{ toolCalls: [{ name: "worker", args: { task: "x" } }], usage }, says("Oh")],
      worker: [],
    });
    expect(outcome.status).toBe("finished");
    expect(JSON.stringify(bench?.server.requests.at(-1)?.body)).toContain("needs an object with a");
  });

  it("asks for approval once a job: what was allowed holds for delegates as well", async () => {
    let asked = 0;
    const askApproval = async () => {
      asked += 1;
      return { granted: true, by: "test", remember: true };
    };
    const write = (path: string) => ({ name: "writeTextFile", args: { path, text: "x" } });
    const script = {
      coordinator: [{ toolCalls: [write("a.txt")], usage }, asks(["worker", "Write"]), says("Done")],
      worker: [{ toolCalls: [write("b.txt")], usage }, says("Written")],
    };
    bench = await openJobBench(duo, script, { app: { askApproval } });
    expect((await bench.start({ approval: "ask" })).outcome).toMatchObject({ status: "finished" });
    expect(asked).toBe(1);
  });

  it("is cancelled with its coordinator, and both have their end", async () => {
    bench = await openJobBench(duo, {
      coordinator: [asks(["worker", "Take long"])],
      worker: [{ text: Array.from({ length: 200 }, (_, index) => `word ${index} `), slow: 50, usage }],
    });
    const { app } = bench;
    app.onEvents((events) => {
      if (events.some(({ type, expertKey }) => type === "streamText" && expertKey === "worker"))
        app.active[0]?.cancel();
    });
    const { outcome, jobId } = await bench.start();
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    const runs = await bench.readJob(jobId);
    for (const recorded of runs) expect(brokenLaws(recorded)).toEqual([]);
    expect(runs.map(({ run }) => run.stopReason)).toEqual(["cancelled", "cancelled"]);
    expect(await bench.server.requests.at(-1)?.outcome).toBe("closed");
  });
});
