/** Runs written as OpenExpertise keeps them: read back they are the same, and its own readers find what they know. */
import { mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ForeignRun } from "../../src/formats/format";
import { openexpertise } from "../../src/formats/openexpertise/openexpertise";
import { openRunLogSink, writeRunLogs } from "../../src/formats/openexpertise/writeRunLogs";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { runOf } from "../../src/model/run";
import { anyEvents } from "../model/arbitraryEvents";
import { listCases, projectRuns } from "../support/formatCases";
import { runLoop } from "../support/loopHarness";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { randomTurns } from "../support/randomRuns";
import { scriptedModel } from "../support/scriptedModel";
import { checkLaws } from "./foreignRunLaws";
import { ExperienceLog, makeExperience } from "./openexpertiseLog";

async function emptyFolder(): Promise<string> {
  return await realpath(await mkdtemp(join(tmpdir(), "runtrail-openexpertise-")));
}

async function logsIn(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    if (name.endsWith(".jsonl")) texts[name] = await readFile(join(folder, name), "utf8");
  }
  return texts;
}

async function linesOf(events: readonly RunEvent[]): Promise<Record<string, unknown>[]> {
  const folder = await emptyFolder();
  await writeRunLogs([{ events }], folder);
  const text = Object.values(await logsIn(folder)).join("");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function wordsOf(line: Record<string, unknown>): string {
  const { type, node_id, error, reason, activity, status, field } = line;
  return [type, node_id, error, reason, activity, status, field].filter(Boolean).join(" ");
}

/** Where it lies is another place, and values of the state are not in a log. */
function essentialsOf(runs: readonly ForeignRun[]): unknown {
  const byId = [...runs].sort((a, b) => (a.runId < b.runId ? -1 : 1));
  return byId.map(({ runId, jobId, events }) => ({
    ...{ runId, jobId },
    events: events.map((event) => {
      const { id: _, ...rest } = event;
      if (rest.type === "startRun") return { ...rest, definition: rest.definition !== undefined };
      if (rest.type === "errorRun") return { ...rest, location: rest.location?.line };
      if (rest.type !== "writeState") return rest;
      const { value: __, previous: ___, ...write } = rest;
      return write;
    }),
  }));
}

type Written = EventPayload & { step?: number };

function runOfOurs(payloads: readonly Written[], runId = "own"): RunEvent[] {
  return payloads.map(({ step = 0, ...payload }, index) => ({
    ...{ id: `event-${index}`, timestamp: 1_770_000_000_000 + index * 250, jobId: "job", runId, seq: index + 1 },
    ...{ expertKey: "tester", step },
    ...(payload as EventPayload),
  }));
}

const cases = listCases().filter(({ format, isShared }) => format === "openexpertise" && (!isShared || hasFixtures));

describe("what was read", () => {
  it.each(cases.map(({ name, input }) => [name, input] as const))(
    "is the same after it was written: %s",
    async (_, input) => {
      const first = await openexpertise.read(input);
      const folder = await emptyFolder();
      await writeRunLogs(first.runs, folder);
      const again = await openexpertise.read(folder);
      checkLaws(again.runs);
      expect(projectRuns(again)).toEqual(projectRuns(first));
      expect(essentialsOf(again.runs)).toEqual(essentialsOf(first.runs));
    },
  );

  it.skipIf(!hasFixtures)("is written byte by byte as OpenExpertise had", async () => {
    const sample = join(fixturesFolder, "openexpertise", "release-check");
    const folder = await emptyFolder();
    expect(await writeRunLogs((await openexpertise.read(sample)).runs, folder)).toBe(8);
    const copy = join(folder, "release-check");
    expect(await logsIn(copy)).toEqual(await logsIn(sample));
    const definition = await readFile(join(sample, "experience.yaml"), "utf8");
    expect(await readFile(join(copy, "experience.yaml"), "utf8")).toBe(definition);
  });

  it("keeps all that a nested run was called with", async () => {
    const log = new ExperienceLog().start({ a: 1, _parent_run_id: "p", _parent_state: { x: [1] } }).begin("n", 1);
    const { runs } = await openexpertise.read(await makeExperience([log]));
    const [first] = await linesOf(runs[0]?.events ?? []);
    expect(first).toMatchObject({ args: { a: 1, _parent_run_id: "p", _parent_state: { x: [1] } } });
  });

  it("copies no file that is not an experience's", async () => {
    const folder = await emptyFolder();
    await mkdir(join(folder, "from"));
    await writeFile(join(folder, "from", "secret.yaml"), "name: x");
    for (const uri of [`file://${join(folder, "from", "secret.yaml")}`, "file:////host/share/experience.yaml", "x"]) {
      const events = runOfOurs([{ type: "startRun", query: "", definition: { uri } }]);
      const target = await emptyFolder();
      expect(await writeRunLogs([{ events }], target)).toBe(1);
      expect(await readdir(join(target, "tester"))).toEqual([".openexpertise"]);
    }
  });
});

describe("runs of ours", () => {
  const generation = (step: number): Written[] => [
    { type: "startGeneration", attempt: 1, step },
    {
      ...{ type: "finishGeneration", attempt: 1, finishReason: "toolCalls", toolCalls: [], cost: 0.5, step },
      usage: { inputTokens: 10, outputTokens: 2, totalTokens: 12 },
    },
  ];

  it("have a node for each step, in the records and the order of keys of OpenExpertise", async () => {
    const lines = await linesOf(
      runOfOurs([
        { type: "startRun", query: "Do it", model: "m", parent: { runId: "boss" } },
        ...generation(1),
        { type: "startToolCall", toolCallId: "c", skill: "s", tool: "exec", args: {}, step: 1 },
        { type: "finishToolCall", toolCallId: "c", skill: "s", tool: "exec", isError: false, result: [], step: 1 },
        { type: "finishStep", step: 1 },
        { type: "startGeneration", attempt: 1, step: 2 },
        {
          ...{ type: "errorRun", step: 2 },
          error: { name: "E", message: "no key", class: "provider_auth", isRetryable: false },
        },
      ]),
    );
    expect(lines.map(wordsOf)).toEqual([
      "run.started",
      ...["node.ready step_1", "node.started step_1", "node.activity step_1 calling m", "node.tokens step_1"],
      ...["node.activity step_1 using exec", "node.finished step_1"],
      ...[
        "node.ready step_2",
        "node.started step_2",
        "node.activity step_2 calling m",
        "node.failed step_2 provider_auth: no key",
      ],
      "run.finished failed",
    ]);
    expect(lines[0]).toMatchObject({ args: { query: "Do it", _parent_run_id: "boss" } });
    expect(lines.map((line) => Object.keys(line).join())).toEqual([
      "type,run_id,ts,args",
      ...["type,run_id,node_id,ts", "type,run_id,node_id,ts", "type,run_id,node_id,ts,activity"],
      "type,run_id,node_id,ts,input_tokens,output_tokens,model",
      ...["type,run_id,node_id,ts,activity", "type,run_id,node_id,ts,metrics"],
      ...["type,run_id,node_id,ts", "type,run_id,node_id,ts", "type,run_id,node_id,ts,activity"],
      ...["type,run_id,node_id,ts,error", "type,run_id,ts,status"],
    ]);
    expect(lines.find(({ metrics }) => metrics)).toMatchObject({
      ts: "2026-02-02T02:40:01.250Z",
      metrics: { tokens_in: 10, tokens_out: 2, cost_usd: 0.5 },
    });
  });

  it("of a workflow have its nodes", async () => {
    const lines = await linesOf(
      runOfOurs([
        { type: "startRun", query: '{"x":1}' },
        { type: "readyNode", node: "a", phase: "p", step: 1 },
        { type: "startNode", node: "a", phase: "p", step: 1 },
        ...generation(1),
        { type: "writeState", node: "a", field: "f", value: 1, step: 1 },
        { type: "failNode", node: "a", phase: "p", reason: "boom", step: 1 },
        { type: "skipNode", node: "b", reason: "predecessor failed or skipped", step: 2 },
        { type: "skipNode", node: "c", reason: "never reached", isInferred: true, step: 3 },
        { type: "finishRun", text: "It did not work out." },
      ]),
    );
    expect(lines.map(wordsOf)).toEqual([
      ...["run.started", "node.ready a", "node.started a", "node.tokens a", "state.write a f", "node.failed a boom"],
      ...["node.skipped b predecessor failed or skipped", "run.finished partial"],
    ]);
    expect(lines[0]).toMatchObject({ args: { x: 1 } });
    expect(Object.keys(lines[5] ?? {})).toEqual(["type", "run_id", "node_id", "ts", "error", "phase"]);
  });

  it("say why they failed, also where no step was under way", async () => {
    const error = {
      name: "E",
      message: "The server did not start",
      class: "skill_unavailable" as const,
      isRetryable: false,
    };
    const events = runOfOurs([
      { type: "startRun", query: "x" },
      { type: "errorRun", error },
    ]);
    const folder = await emptyFolder();
    await writeRunLogs([{ events }], folder);
    const { runs } = await openexpertise.read(folder);
    expect(runOf(runs[0]?.events ?? [])?.error?.message).toBe("start: The server did not start");
  });

  it("read back tell the same steps, tokens and end", async () => {
    await fc.assert(
      fc.asyncProperty(randomTurns, async (turns) => {
        const { events } = await runLoop(scriptedModel(turns));
        const own = runOf(events);
        const folder = await emptyFolder();
        await writeRunLogs([{ events }], folder);
        const { runs, problems } = await openexpertise.read(folder);
        checkLaws(runs);
        const run = runOf(runs[0]?.events ?? []);
        expect([problems, runs[0]?.problems]).toEqual([[], []]);
        expect(run?.usage?.totalTokens ?? 0).toBe(own?.usage?.totalTokens ?? 0);
        expect(run?.status).toBe(own?.status === "stopped" ? "finished" : own?.status);
        expect(run?.expertKey).toBe(own?.expertKey);
        expect(run?.steps.flatMap(({ node }) => node ?? [])).toEqual(
          own?.steps
            .filter(({ items }) => items.some(({ kind }) => kind === "generation"))
            .map(({ step }) => `step_${step}`),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("in any order and with any texts are written, and read without harm", async () => {
    await fc.assert(
      fc.asyncProperty(anyEvents, async (events) => {
        const folder = await emptyFolder();
        await writeRunLogs([{ events }], folder);
        checkLaws((await openexpertise.read(folder)).runs);
      }),
      { numRuns: 100 },
    );
  });

  it("lie in a folder of each expert, and nowhere else, whatever they are called", async () => {
    const folder = await emptyFolder();
    for (const [index, expertKey] of ["@org/expert", "../../up", "..", "", "a\\b:c"].entries()) {
      const events = runOfOurs([{ type: "startRun", query: "" }], `../${index}`);
      await writeRunLogs([{ events: events.map((event) => ({ ...event, expertKey })) }], folder);
    }
    expect(Object.keys(await logsIn(folder)).map((name) => dirname(dirname(dirname(name))))).toEqual(
      ["@org_expert", "_", "_", "__.._up", "a_b_c"].sort(),
    );
    expect(await readdir(dirname(folder))).not.toContain("up");
  });
});

describe("the sink", () => {
  it("writes the same as all in one go, each event when it comes", async () => {
    const { events: first } = await runLoop(scriptedModel([{ text: "One" }]), { setup: { runId: "one" } });
    const { events: second } = await runLoop(scriptedModel([{ text: "Two" }]), {
      setup: { runId: "two", expertKey: "other" },
    });
    const whole = await emptyFolder();
    expect(await writeRunLogs([{ events: first }, { events: second }], whole)).toBe(2);
    const live = await emptyFolder();
    const sink = await openRunLogSink(live);
    for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
      for (const event of [first[index], second[index]]) if (event) await sink.write(event);
      const { runs } = await openexpertise.read(live);
      expect(runs.length).toBe(2);
    }
    await sink.close();
    expect(await logsIn(live)).toEqual(await logsIn(whole));
  });

  it("adds to the log of a run that goes on", async () => {
    const folder = await emptyFolder();
    const write = async (payloads: readonly Written[]) => {
      const sink = await openRunLogSink(folder);
      for (const event of runOfOurs(payloads)) void sink.write(event);
      await sink.close();
    };
    await write([
      { type: "startRun", query: "x" },
      { type: "stopRun", reason: "input" },
    ]);
    await write([
      { type: "resumeRun", by: "user" },
      { type: "finishRun", text: "Done" },
    ]);
    const { runs } = await openexpertise.read(folder);
    expect(runs.map(({ events }) => events.at(-1))).toMatchObject([{ type: "finishRun", text: "success" }]);
  });

  it("throws what keeps it from writing, and goes on with what comes after", async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, "tester"), "a file in the way");
    const sink = await openRunLogSink(folder);
    const [start] = runOfOurs([{ type: "startRun", query: "x" }]);
    if (!start) throw new Error("no event");
    await expect(sink.write(start)).rejects.toThrow();
    await sink.write({ ...start, runId: "free", expertKey: "free" });
    await sink.close();
    expect(Object.keys(await logsIn(folder))).toEqual([join("free", ".openexpertise", "runs", "free.jsonl")]);
  });
});
