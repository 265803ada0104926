/** Conductor Loop's folders: what is one, what lies around a task, chains of restarts, sub-agents, and hostile folders. */
import { mkdir, mkdtemp, realpath, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { conductor } from "../../src/formats/conductor/conductor";
import { endingOf } from "../../src/formats/conductor/runEnding";
import { timeOfRunId } from "../../src/formats/conductor/runInfo";
import type { ForeignRun } from "../../src/formats/format";
import { fixturesFolder, hasFixtures, projectRoot } from "../support/projectPaths";
import { checkLaws, eventsIn } from "./foreignRunLaws";

const task = "task-20260301-100000-hello";
const first = "20260301-1000000000-4711-1";
const second = "20260301-1001000000-4711-2";
let root = "";

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "runtrail-conductor-")));
});

async function put(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

async function putRun(run: string, fields: Record<string, string | number> = {}, of = `app/${task}`): Promise<string> {
  const known = { run_id: run, agent: "claude", status: "completed", exit_code: 0, ...fields };
  const text = Object.entries(known).map(([key, value]) => `${key}: ${value}\n`);
  return dirname(await put(`${of}/runs/${run}/run-info.yaml`, text.join("")));
}

const message = (count: number, type: string, body: string, runId = '""') =>
  `---\nmsg_id: MSG-${count}\nts: 2026-03-01T10:00:0${count}Z\ntype: ${type}\nproject_id: app\ntask_id: ${task}\nrun_id: ${runId}\n---\n${body}\n`;

const notesIn = (run: ForeignRun | undefined) => (run ? eventsIn(run, "foreignEvent") : []);
const startOf = (run: ForeignRun | undefined) => (run ? eventsIn(run, "startRun")[0] : undefined);

describe("a folder", () => {
  it("is Conductor Loop's from its root down to a run, and read as the runs below it", async () => {
    const run = await putRun(first);
    await putRun(second);
    await putRun(first, {}, "other/task-b");
    for (const [path, count] of [
      ["", 3],
      ["app", 2],
      [`app/${task}`, 2],
      [`app/${task}/runs`, 2],
    ] as const) {
      expect(await conductor.accepts(join(root, path)), path).toBe(true);
      expect((await conductor.read(join(root, path))).runs, path).toHaveLength(count);
    }
    expect((await conductor.read(run)).runs.map(({ dir }) => dir)).toEqual([run]);
    expect(await conductor.find(root)).toEqual([join(root, "app", task), join(root, "other", "task-b")]);
  });

  it("is nobody's with runs of Perstack, of Runner or of ours in it", async () => {
    await put("perstack/jobs/j/runs/r/event-1-1-startRun.json", "{}");
    await put("perstack/jobs/k/job.json", "{}");
    await put("perstack/jobs/k/runs/r/run-info.yaml", "version: 1\n");
    await put("perstack/jobs/k/runs/r/events.jsonl", "");
    await put("runner/runs/run_1/events.jsonl", "{}");
    await put("openexpertise/.openexpertise/runs/r.jsonl", "{}");
    await mkdir(join(root, "empty/runs/r"), { recursive: true });
    const paths = ["", "perstack", "perstack/jobs", "perstack/jobs/j", "perstack/jobs/k", "perstack/jobs/k/runs"];
    for (const path of [...paths, "runner", "runner/runs", "openexpertise", "empty", "empty/runs"]) {
      expect(await conductor.accepts(join(root, path)), path).toBe(false);
      expect(await conductor.find(join(root, path)), path).toEqual([]);
    }
    expect(await conductor.accepts(join(root, "perstack/jobs/k/runs/r/run-info.yaml"))).toBe(false);
  });

  it("says what is wrong where there is none", async () => {
    const { runs, problems } = await conductor.read(join(root, "nothing"));
    expect([runs, problems]).toEqual([[], [{ file: join(root, "nothing"), reason: "There is no such folder." }]]);
  });

  it("of a run that was taken out of its task is read by itself", async () => {
    const run = await putRun(first, { project_id: "app", task_id: task });
    await rename(run, join(root, "copied"));
    expect(await conductor.accepts(join(root, "copied"))).toBe(true);
    const { runs } = await conductor.read(join(root, "copied"));
    expect(runs.map(({ jobId, runId, dir }) => [jobId, runId, dir])).toEqual([
      [`app/${task}`, first, join(root, "copied")],
    ]);
  });
});

describe("a task", () => {
  it("has its restarts and its sub-agents, each with what was posted about it", async () => {
    await putRun(first, {
      start_time: "2026-03-01T10:00:01Z",
      end_time: "2026-03-01T10:00:04Z",
      status: "failed",
      exit_code: 1,
    });
    await putRun("20260301-1000020000-4712-1", {
      parent_run_id: first,
      agent: "codex",
      start_time: "2026-03-01T10:00:02Z",
      end_time: "2026-03-01T10:00:03Z",
    });
    await putRun(second, {
      previous_run_id: first,
      start_time: "2026-03-01T10:00:06Z",
      end_time: "2026-03-01T10:00:08Z",
    });
    const bus = [
      message(0, "INFO", "starting root agent (restart #0)"),
      message(3, "PROGRESS", "half way", first),
      message(4, "WARNING", "root agent failed on restart #0: exit status 1"),
      message(5, "INFO", "starting root agent (restart #1)"),
      message(9, "INFO", "task completed (DONE marker present, no active children)"),
    ];
    await put(`app/${task}/TASK-MESSAGE-BUS.md`, bus.join("\n"));
    const { runs, problems } = await conductor.read(join(root, "app", task));
    checkLaws(runs);
    expect(problems).toEqual([]);
    const [one, child, two] = runs;
    expect(startOf(one)).not.toHaveProperty("origin");
    expect(startOf(child)?.parent).toEqual({ runId: first });
    expect(startOf(two)?.origin).toEqual({ kind: "restart", jobId: `app/${task}`, runId: first });
    expect(runs.map((run) => notesIn(run).map(({ data }) => (data as { msg_id: string }).msg_id))).toEqual([
      ["MSG-0", "MSG-3", "MSG-4"],
      [],
      ["MSG-5", "MSG-9"],
    ]);
  });

  it("stands in its project, with its documents and how it stands in words", async () => {
    await put(`app/${task}/TASK.md`, "Say hello");
    await put(`app/${task}/CANCELLED`, "cancelled_at: 2026-03-01T10:00:00Z\nreason: too slow\n");
    await put("app/PROJECT-MESSAGE-BUS.md", message(1, "FACT", "about the task"));
    await put(
      "_audit/form-submissions.jsonl",
      `${JSON.stringify({ timestamp: "2026-03-01T10:00:00Z", project_id: "app", task_id: task, run_id: first, request_id: "req-1", endpoint: "POST /api/v1/tasks" })}\n`,
    );
    await putRun(first, { start_time: "2026-03-01T10:00:00Z" });
    const waiting = ["b", "a"].map(
      (name, index) => `    - {project_id: app, task_id: ${name}, order: ${index + 1}, state: queued}\n`,
    );
    await put(".conductor/root-task-planner.yaml", `entries:\n${waiting.join("")}`);
    await put("app/a/TASK-MESSAGE-BUS.md", "");
    await put("app/c/TASK-MESSAGE-BUS.md", "");
    await put("app/c/TASK-CONFIG.yaml", `depends_on: [a, ${task}, "../x"]\n`);
    await put("app/d/TASK-MESSAGE-BUS.md", "");
    await put("app/d/DONE", "");
    const { groups = [], runs, files } = await conductor.read(root);
    expect(groups.map(({ label, state }) => [label, state])).toEqual([
      [root.split("/").at(-1), undefined],
      ["app", undefined],
      ["a", "queued, place 2"],
      ["c", "blocked by a, ../x"],
      ["d", "done"],
      [task, "cancelled: too slow"],
    ]);
    expect(groups.map(({ documents }) => documents.map(({ label }) => label))).toEqual([
      ["Queue of tasks", "Audit log"],
      ["Message bus of the project"],
      ["Message bus of the task"],
      ["Settings of the task", "Message bus of the task"],
      ["Message bus of the task"],
      ["Cancellation", "Task"],
    ]);
    expect(runs[0]?.group).toBe(join(root, "app", task));
    expect(startOf(runs[0])?.requestId).toBe("req-1");
    expect(notesIn(runs[0]).map(({ name }) => name)).toEqual(["audit", "FACT"]);
    expect(files).toContain(join(root, ".conductor", "root-task-planner.yaml"));
  });

  it("is asked without what every agent is told", async () => {
    const preamble = "JRUN_ID=x\n## Completion\n\n---\n\n";
    await put(`app/${task}/TASK.md`, "The task\n");
    const prompts = [
      [`${preamble}Continue working on the following:\n\nFirst\n\n---\n\nSecond\n`, "First\n\n---\n\nSecond"],
      ["No preamble\n\n---\n\nat all\n", "No preamble\n\n---\n\nat all"],
      ["JRUN_ID=cut in the prea", "The task"],
      [" \n", "The task"],
    ] as const;
    for (const [prompt, query] of prompts) {
      const run = await putRun(first);
      await writeFile(join(run, "prompt.md"), prompt);
      expect(startOf((await conductor.read(run)).runs[0])?.query).toBe(query);
    }
  });

  it("ends with what its agent put down, and says what a failed one complained of", async () => {
    const run = await putRun(first, { status: "failed", exit_code: 1, error_summary: "agent reported failure" });
    await writeFile(join(run, "agent-stderr.txt"), `${"noise\n".repeat(200)}Error: no space left\n`);
    const [failed] = (await conductor.read(run)).runs;
    const [note] = notesIn(failed);
    expect([note?.name, JSON.stringify(note?.data).split("\\n").length]).toEqual(["stderr", 50]);
    expect(failed?.events.at(-1)).toMatchObject({ type: "errorRun", error: { cause: "Error: no space left" } });
    const done = await putRun(first);
    await writeFile(join(done, "output.md"), "# Done\n");
    expect((await conductor.read(run)).runs[0]?.events.at(-1)).toMatchObject({ type: "finishRun", text: "# Done" });
  });
});

describe("how a run ended", () => {
  const killed = "agent exited with code -1";
  it.each([
    ["running", { status: "running", exitCode: -1 }, {}, { kind: "open" }],
    ["running, but posted as stopped", { status: "running", exitCode: -1 }, { postedCode: 0 }, { kind: "finished" }],
    ["nothing said", {}, {}, { kind: "open" }],
    ["no word, but an end", { exitCode: 0, endedAt: 1 }, {}, { kind: "finished" }],
    [
      "completed by a reader after a kill",
      { status: "completed", exitCode: 0, errorSummary: killed },
      {},
      { kind: "stopped", message: killed },
    ],
    [
      "failed, and its task cancelled",
      { status: "failed", exitCode: -1, errorSummary: killed },
      { cancelled: "why" },
      { kind: "stopped", message: "why" },
    ],
    [
      "failed, and asked to stop",
      { status: "failed", exitCode: -1, errorSummary: killed },
      { isStopRequested: true },
      { kind: "stopped" },
    ],
    [
      "killed by nobody known",
      { status: "failed", exitCode: -1, errorSummary: killed },
      {},
      { kind: "failed", error: { class: "interrupted" } },
    ],
    [
      "timed out, though its task was cancelled",
      { status: "failed", exitCode: -1, errorSummary: "timed out" },
      { cancelled: "" },
      { kind: "failed", error: { class: "timeout" } },
    ],
    [
      "completed with a code",
      { status: "completed", exitCode: 5 },
      {},
      { kind: "failed", error: { message: "agent exited with code 5" } },
    ],
  ] as const)("%s", (_, info, evidence, expected) => {
    expect(endingOf(info, evidence)).toMatchObject(expected);
  });

  it("is told by times in ids of all versions", () => {
    const ids = ["20260301-1000000000-1-1", "20260301-100000ffff-1", "run_20260301-100000-1", "20260301-100000-1", "r"];
    const at = Date.UTC(2026, 2, 1, 10);
    expect(ids.map(timeOfRunId)).toEqual([at, undefined, at, at, undefined]);
  });
});

describe.skipIf(process.platform === "win32")("a folder with links", () => {
  it("is not left, and a bus that is a link is not read", async () => {
    const secret = join(await realpath(await mkdtemp(join(tmpdir(), "runtrail-secret-"))), "secret.md");
    await writeFile(secret, message(1, "FACT", "secret"));
    const run = await putRun(first, { stdout_path: secret, prompt_path: secret, output_path: secret });
    for (const name of ["prompt.md", "output.md", "agent-stdout.txt"]) await symlink(secret, join(run, name));
    await symlink(secret, join(root, "app", task, "TASK-MESSAGE-BUS.md"));
    await symlink(secret, join(root, "app", "PROJECT-MESSAGE-BUS.md"));
    await symlink(dirname(secret), join(root, "_audit"));
    await symlink(join(root, "app"), join(root, "app", task, "runs", "circle"));
    const reading = await conductor.read(root);
    expect(reading.runs).toHaveLength(1);
    expect(JSON.stringify(reading.runs)).not.toContain("secret");
    expect(
      reading.problems.filter(({ reason }) => reason === "A message bus that is a link is not read."),
    ).toHaveLength(2);
  });
});

describe.skipIf(!hasFixtures)("the samples", () => {
  it("have the messages of all their buses, each in one run", async () => {
    const { runs, groups = [] } = await conductor.read(join(fixturesFolder, "conductor", "runs"));
    const ids = runs.flatMap((run) => notesIn(run).flatMap(({ data }) => (data as { msg_id?: string }).msg_id ?? []));
    expect(new Set(ids).size).toBe(ids.length);
    // 53 in the buses of the seven tasks; 6 of the project's ten are about them.
    expect(ids).toHaveLength(53 + 6);
    const bodies = runs.flatMap(notesIn).map(({ data }) => (data as { body?: string }).body);
    expect(bodies).toContain("A markdown body with a rule:\n---\nkey: value that is not a header\n---\nafter the rule");
    expect(groups.filter(({ state }) => state === "done")).toHaveLength(6);
    expect(groups.filter(({ state }) => state === "failed: max restarts (1) exceeded")).toHaveLength(1);
  });

  it("of our own say how their tasks stand", async () => {
    const own = join(projectRoot, "test", "fixtures", "formats", "conductor");
    const { groups = [] } = await conductor.read(join(own, "queued-and-blocked", "input"));
    expect(groups.flatMap(({ state }) => state ?? [])).toEqual([
      "queued, place 2",
      "blocked by task-20260301-100700-queued, ../../elsewhere",
    ]);
    const fenced = await conductor.read(join(own, "fenced-body", "input"));
    expect(notesIn(fenced.runs[0]).map(({ data }) => (data as { body: string }).body)).toEqual([
      "A rule:\n---\nkey: value\n---\nafter it",
      "next\n---",
      "---\nmsg: no header\n---",
    ]);
  });
});
