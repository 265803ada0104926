/** Runs written as Conductor Loop's folders: read back as they were, the same live and in one go, and in its own words. */
import { mkdtemp, readdir, readFile, realpath, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { conductor } from "../../src/formats/conductor/conductor";
import { openConductorSink } from "../../src/formats/conductor/conductorSink";
import { writeConductor } from "../../src/formats/conductor/writeConductor";
import type { ForeignRun } from "../../src/formats/format";
import type { EventPayload, RunEvent } from "../../src/model/events";
import { listCases, projectRuns } from "../support/formatCases";
import { hasFixtures } from "../support/projectPaths";
import { checkLaws } from "./foreignRunLaws";

const emptyFolder = async () => await realpath(await mkdtemp(join(tmpdir(), "runtrail-written-")));

const at = Date.UTC(2026, 2, 1, 10);
const usage = { inputTokens: 100, outputTokens: 10, totalTokens: 110, cachedInputTokens: 60, cacheWriteTokens: 5 };

/** A run of ours, an event a second. */
function runOf(
  runId: string,
  payloads: readonly EventPayload[],
  place: { jobId?: string; from?: number } = {},
): RunEvent[] {
  const { jobId = "V1StGXR8_Z5jdHi6B-myT", from = 0 } = place;
  let step = 0;
  return payloads.map((payload, index): RunEvent => {
    if (payload.type === "startGeneration") step += 1;
    const seq = index + 1;
    const timestamp = at + (from + index) * 1000;
    return { id: `${runId}-${seq}`, timestamp, jobId, runId, seq, expertKey: "Coordinator One", step, ...payload };
  });
}

const begun: EventPayload[] = [
  { type: "startRun", query: "Say hello\n---\nplease", model: "m-1", tools: ["readTextFile"], runtimeVersion: "1.2.3" },
  { type: "startGeneration", attempt: 1 },
  {
    ...{ type: "finishGeneration", attempt: 1, finishReason: "toolCalls", text: "I look.", usage, cost: 0.01 },
    toolCalls: [{ id: "c1", skill: "@perstack/base", tool: "readTextFile", args: { path: "a" } }],
    reasoning: [{ text: "Hm." }],
  },
  { type: "startToolCall", toolCallId: "c1", skill: "@perstack/base", tool: "readTextFile", args: { path: "a" } },
  {
    ...{ type: "finishToolCall", toolCallId: "c1", skill: "@perstack/base", tool: "readTextFile", isError: true },
    result: [{ type: "textPart", text: "No such file." }],
  },
  { type: "failGate", gate: "tests", measured: 1 },
  { type: "finishStep" },
];
const finished: EventPayload = { type: "finishRun", text: "Hello.", totalUsage: usage, cost: 0.01, durationMs: 7000 };
const stopped: EventPayload = { type: "stopRun", reason: "cancelled", message: "no longer needed" };

async function filesOf(folder: string): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const file = join(folder, name);
    // Its own records hold absolute paths.
    if ((await stat(file)).isFile()) texts[name] = (await readFile(file, "utf8")).replaceAll(folder, "");
  }
  return texts;
}

async function writeAll(runs: readonly { events: readonly RunEvent[] }[]): Promise<string> {
  const folder = await emptyFolder();
  const count = await writeConductor(runs, folder);
  expect(Object.keys(await filesOf(folder))).toHaveLength(count);
  return folder;
}

/** Ids of events and places differ. */
function essence(runs: readonly ForeignRun[]): unknown {
  return runs.map(({ jobId, runId, events }) => [jobId, runId, events.map(({ id: _, seq: __, ...rest }) => rest)]);
}

function byJob(runs: readonly ForeignRun[]): ForeignRun[][] {
  const jobs = new Map<string, ForeignRun[]>();
  for (const run of runs) jobs.set(run.jobId, [...(jobs.get(run.jobId) ?? []), run]);
  return [...jobs.values()];
}

describe("a run that was read", () => {
  const samples = listCases().filter(({ format, isShared }) => format === "conductor" && (hasFixtures || !isShared));

  it.each(samples.map(({ name, input }) => [name, input] as const))(
    "is written and read back: %s",
    async (_, input) => {
      for (const runs of byJob((await conductor.read(input)).runs)) {
        const again = await conductor.read(await writeAll(runs));
        checkLaws(again.runs);
        expect(again.problems).toEqual([]);
        expect(projectRuns(again)).toEqual(projectRuns({ runs }));
        expect(essence(again.runs)).toEqual(essence(runs));
      }
    },
  );
});

describe("a run of ours", () => {
  it("is the same live and in one go, and read back with its own ids, calls, usage and cost", async () => {
    const parent = runOf("parent", [...begun, finished]);
    const child = runOf("-child", [{ type: "startRun", query: "Help", parent: { runId: "parent" } }, finished], {
      from: 3,
    });
    const live = await emptyFolder();
    const sink = openConductorSink(live, process.pid);
    const events = [...parent, ...child].sort((a, b) => a.timestamp - b.timestamp);
    // Without waiting for one before the next.
    await Promise.all(events.map((event) => sink.write(event)));
    await sink.close();
    const written = await writeAll([{ events: parent }, { events: child }]);
    expect(await filesOf(live)).toEqual(await filesOf(written));

    const { runs, problems } = await conductor.read(written);
    checkLaws(runs);
    expect(problems).toEqual([]);
    expect(runs.map(({ jobId, runId }) => [jobId, runId])).toEqual([
      ["V1StGXR8_Z5jdHi6B-myT", "parent"],
      ["V1StGXR8_Z5jdHi6B-myT", "-child"],
    ]);
    const total = { inputTokens: 100, outputTokens: 10, totalTokens: 110 };
    expect(projectRuns({ runs })).toMatchObject([
      { id: "parent", title: "Coordinator One: Say hello --- please", status: "finished", toolCalls: 1, usage: total },
      { id: "-child", parentRunId: "parent", status: "finished", startedAt: at + 3000, finishedAt: at + 4000 },
    ]);
    const types = runs[0]?.events.map(({ type }) => type);
    expect(types?.filter((type) => type !== "foreignEvent" && type !== "finishStep")).toEqual([
      ...["startRun", "startGeneration", "finishGeneration", "startToolCall", "finishToolCall", "finishRun"],
    ]);
    expect(runs[0]?.events.find(({ type }) => type === "finishGeneration")).toMatchObject({
      ...{ text: "I look.", reasoning: [{ text: "Hm." }], usage },
      toolCalls: [{ id: "c1", skill: "@perstack/base", tool: "readTextFile", args: { path: "a" } }],
    });
    expect(runs[0]?.events.at(-1)).toMatchObject({ text: "Hello.", cost: 0.01, totalUsage: usage });
  });

  it("lies where Conductor Loop looks for it, under ids that it takes, with its keys in their order", async () => {
    const folder = await writeAll([{ events: runOf("abc", [...begun, finished]) }]);
    const [info = ""] = Object.keys(await filesOf(folder)).filter((name) => name.endsWith("run-info.yaml"));
    const [project = "", task = "", , run = ""] = info.split("/");
    expect(project).toMatch(/^[a-z0-9][a-z0-9-]*[a-z0-9]$/u);
    expect(task).toMatch(/^task-\d{8}-\d{6}-[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/u);
    expect(run).toMatch(/^20260301-1000000000-\d+-1$/u);
    const record: unknown = parse(await readFile(join(folder, info), "utf8"));
    expect(Object.entries(record ?? {}).map(([key]) => key)).toEqual([
      ...["version", "run_id", "project_id", "task_id", "agent", "process_ownership", "pid", "pgid", "start_time"],
      ...[
        "end_time",
        "exit_code",
        "status",
        "prompt_path",
        "output_path",
        "stdout_path",
        "stderr_path",
        "agent_version",
      ],
    ]);
    expect(record).toMatchObject({ version: 1, run_id: run, task_id: task, status: "completed", exit_code: 0 });
    const files = await filesOf(join(folder, project, task));
    expect(files).toMatchObject({
      DONE: "",
      "TASK.md": "Say hello\n---\nplease\n",
      [`runs/${run}/output.md`]: "Hello.",
    });
    const bus = files["TASK-MESSAGE-BUS.md"] ?? "";
    expect([...bus.matchAll(/^type: (.*)$/gmu)].map(([, type]) => type)).toEqual(["RUN_START", "ERROR", "RUN_STOP"]);
  });

  it("goes on in its record while it goes on", async () => {
    const folder = await emptyFolder();
    const sink = openConductorSink(folder, 4711);
    for (const event of runOf("abc", begun)) await sink.write(event);
    const info = Object.entries(await filesOf(folder)).find(([name]) => name.endsWith("run-info.yaml"))?.[1] ?? "";
    expect(parse(info)).toMatchObject({
      status: "running",
      exit_code: -1,
      end_time: "0001-01-01T00:00:00Z",
      pid: 4711,
    });
    expect(projectRuns(await conductor.read(folder))).toMatchObject([{ id: "abc", status: "unknown", toolCalls: 1 }]);
    await sink.close();
  });

  it.each([
    ["cancelled", stopped, { status: "stopped", stopReason: "cancelled" }],
    [
      "out of steps",
      { type: "stopRun", reason: "maxSteps", message: "3 steps" },
      { status: "stopped", stopReason: "maxSteps" },
    ],
    [
      "failed",
      { type: "errorRun", error: { name: "E", message: "No key", class: "provider_auth", isRetryable: false } },
      { status: "failed", failures: [expect.anything(), { class: "provider_auth", reason: "No key" }] },
    ],
  ] as const)("that was %s is so for who reads it", async (_, end, expected) => {
    const folder = await writeAll([{ events: runOf("abc", [...begun, end as EventPayload]) }]);
    const reading = await conductor.read(folder);
    expect(projectRuns(reading)).toMatchObject([expected]);
    const state = reading.groups?.at(-1)?.state;
    expect(state).toBe(
      end.type === "stopRun" && end.reason === "cancelled" ? "cancelled: no longer needed" : undefined,
    );
  });

  it("that goes on after a stop ends once more, and its task is done", async () => {
    const resumed: EventPayload[] = [...begun, stopped, { type: "resumeRun", by: "user" }, finished];
    const reading = await conductor.read(await writeAll([{ events: runOf("abc", resumed) }]));
    expect(projectRuns(reading)).toMatchObject([{ status: "finished" }]);
    expect(reading.groups?.at(-1)?.state).toBe("done");
  });

  it("leads nowhere else, whatever its ids are", async () => {
    const ids = ["../../etc", "/abs", "a/../../b", "", "con/..", `long-${"x".repeat(500)}`];
    for (const id of ids) {
      const folder = await writeAll([{ events: runOf(id, [...begun, finished], { jobId: id }) }]);
      expect((await conductor.read(folder)).runs.map(({ runId }) => runId)).toEqual([id]);
    }
  });

  it("is added to a folder that has runs, beside those of the same name", async () => {
    const folder = await emptyFolder();
    const events = runOf("20260301-1000000000-4711-1", [...begun, finished], { jobId: "app/task" });
    await writeConductor([{ events }], folder);
    await writeConductor([{ events }], folder);
    const { runs } = await conductor.read(folder);
    expect(runs.map(({ dir }) => dir.slice(folder.length))).toEqual([
      "/app/task/runs/20260301-1000000000-4711-1",
      "/app/task/runs/20260301-1000000000-4711-1-2",
    ]);
  });
});
