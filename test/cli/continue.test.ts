/** Going on with runs as a user does it: the whole command line, real files, a model over HTTP. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import type { RunEvent } from "../../src/model/events";
import { layout } from "../../src/store/layout";
import { readJournal } from "../../src/store/readJournal";
import { listRunFolders } from "../../src/store/runFolders";
import { type ExpertScript, expertsToml, type JobBench, openJobBench, readJob } from "../support/jobs";
import { writeLargeLog } from "../support/largeLog";
import type { ModelTurn } from "../support/modelServer";
import { readNamedCheckpoints } from "../support/namedCheckpoints";
import { createTestIo } from "./testIo";

let bench: JobBench | undefined;
/** All that stood on standard output, over all commands of a test. */
let printed: RunEvent[] = [];

afterEach(async () => {
  await bench?.close();
  printed = [];
});

const question = `[experts.solo.skills."ask"]
type = "interactiveSkill"
[experts.solo.skills."ask".tools.askUser]
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}'
`;
const toml = expertsToml({ solo: `delegates = ["worker", "other"]\n${question}`, worker: "", other: "" });
const usage = { inputTokens: 100, outputTokens: 10 };
const look: ModelTurn = { toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }], usage };
const say = (text: string): ModelTurn => ({ text, usage });
const askUser = (id: string) => ({ id, name: "askUser", args: { question: "Which?" } });
const asking = (...ids: string[]): ModelTurn => ({ toolCalls: ids.map(askUser), usage });

async function open(script: Record<string, ExpertScript>): Promise<void> {
  bench = await openJobBench(toml, script, { files: { "a.txt": "hello" } });
}

async function runtrail(...args: string[]) {
  if (!bench) throw new Error("No bench is open");
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: bench.server.baseUrlFor("anthropic") };
  const io = createTestIo({ cwd: bench.root, env });
  const code = await runCli([...args, "--approve", "all", "--max-retries", "0"], io);
  const events = io.events() as unknown as RunEvent[];
  printed.push(...events);
  return { code, events, err: io.err(), jobId: events[0]?.jobId ?? "", runId: events[0]?.runId ?? "" };
}

/** What the model was told last. */
const told = () => JSON.stringify(bench?.server.requests.at(-1)?.body);
const ends = (events: readonly RunEvent[]) => events.findLast(({ type }) => /^(?:finish|stop|error)Run$/u.test(type));

/** Every event was printed once, in the order of its journal, and nothing else was. */
async function expectPrintedIsRecorded(): Promise<void> {
  const places = await listRunFolders(bench?.root ?? "");
  expect(new Set(printed.map(({ runId }) => runId)).size).toBe(places.length);
  for (const { dir, runId } of places) {
    const { events } = await readJournal(layout.journal(dir));
    expect(printed.filter((event) => event.runId === runId)).toEqual(events);
  }
}

describe("a run that asks", () => {
  it("stops, says how to answer, and goes on with the answer in its own journal", async () => {
    await open({ solo: [asking("q1"), say("Blue it is.")] });
    const asked = await runtrail("run", "solo", "Paint it");
    expect(asked.code).toBe(3);
    expect(asked.err).toBe(
      `The run was stopped, waits for input.\nThe run ${asked.runId} waits for an answer:\n  askUser (q1): Which?\n` +
        `Answer with: runtrail run solo --continue-job ${asked.jobId} -i "…"\n`,
    );
    const forgotten = await runtrail("run", "solo", "Blue", "--continue-job", asked.jobId);
    expect([forgotten.code, forgotten.events]).toEqual([2, []]);
    expect(forgotten.err).toContain(`The run ${asked.runId} waits for an answer`);
    const answered = await runtrail("run", "solo", "--continue-job", asked.jobId, "-i", "Blue, please");
    expect({ code: answered.code, err: answered.err }).toEqual({ code: 0, err: "" });
    expect(answered.events[0]).toMatchObject({ type: "resumeRun", by: "terminal", runId: asked.runId });
    expect(ends(answered.events)).toMatchObject({ type: "finishRun", text: "Blue it is." });
    expect(told()).toContain("Blue, please");
    await expectPrintedIsRecorded();
  });

  it("several things is asked again for what is still open, and takes Perstack's JSON for all at once", async () => {
    const both = asking("q1", "q2");
    await open({ solo: [both, say("One"), both, say("Two")] });
    const { jobId } = await runtrail("run", "solo", "Ask twice");
    const first = await runtrail("run", "solo", "red", "-i", "--continue");
    expect(first.code).toBe(3);
    expect(first.err).toContain("waits for an answer:\n  askUser (q2)");
    expect((await runtrail("run", "solo", "blue", "-i", "--continue-job", jobId)).code).toBe(0);
    await runtrail("run", "solo", "Again", "--continue");
    const answers = ["q1", "q2"].map((toolCallId) => ({
      toolCallId,
      toolName: "askUser",
      skillName: "ask",
      text: `for ${toolCallId}`,
    }));
    expect((await runtrail("run", "solo", JSON.stringify(answers), "-i", "--continue")).code).toBe(0);
    for (const { text } of answers) expect(told()).toContain(text);
    await expectPrintedIsRecorded();
  });
});

describe("a job", () => {
  it("at its step limit says so, and goes on with a higher one", async () => {
    await open({ solo: [look, look, say("At last.")] });
    const stopped = await runtrail("run", "solo", "Look", "--max-steps", "2");
    expect(stopped.code).toBe(3);
    const command = `runtrail run solo --continue-job ${stopped.jobId}`;
    expect(stopped.err).toBe(
      `The run was stopped at the step limit.\nGo on with a higher limit: ${command} --max-steps 4\n`,
    );
    const same = await runtrail("run", "solo", "--continue-job", stopped.jobId);
    expect([same.code, same.events]).toEqual([2, []]);
    expect(same.err).toContain("at its limit of 2 steps");
    const more = await runtrail("run", "solo", "--continue-job", stopped.jobId, "--max-steps", "4");
    expect(more.code).toBe(0);
    expect(ends(more.events)).toMatchObject({ type: "finishRun", runId: stopped.runId, text: "At last." });
    await expectPrintedIsRecorded();
  });

  it("at its budget says so, and goes on with a higher one", async () => {
    await open({ solo: [look, look, say("Rich.")] });
    const stopped = await runtrail("run", "solo", "Look", "--max-tokens", "150");
    expect(stopped.code).toBe(3);
    expect(stopped.err).toContain(`--continue-job ${stopped.jobId} --max-tokens 300\n`);
    const more = await runtrail("run", "solo", "--continue", "--max-tokens", "900");
    expect(ends(more.events)).toMatchObject({ type: "finishRun", text: "Rich." });
    await expectPrintedIsRecorded();
  });

  it("that finished is continued with a new query, and the model knows what was said", async () => {
    await open({ solo: [look, say("First answer"), say("Second answer")] });
    const { jobId, runId } = await runtrail("run", "solo", "First question");
    const without = await runtrail("run", "solo", "--continue-job", jobId);
    expect([without.code, without.events]).toEqual([2, []]);
    expect(without.err).toContain("The run has finished");
    const second = await runtrail("run", "solo", "Second question", "--continue");
    expect(second).toMatchObject({ code: 0, jobId });
    expect(second.runId).not.toBe(runId);
    expect(second.events[0]).toMatchObject({ type: "startRun", origin: { kind: "continue", runId } });
    for (const text of ["First question", "hello", "First answer", "Second question"]) expect(told()).toContain(text);
    await expectPrintedIsRecorded();
  });

  it("branches off from a checkpoint, and --continue follows the branch", async () => {
    await open({ solo: [look, say("Trunk"), say("Branch"), say("Leaf")] });
    const { jobId, runId } = await runtrail("run", "solo", "Trunk question");
    const [early = ""] = await readNamedCheckpoints(layout.run(bench?.root ?? "", jobId, runId));
    const branch = ["--continue-job", jobId, "--resume-from", early];
    const { events } = await runtrail("run", "solo", "Branch question", ...branch);
    expect(events[0]).toMatchObject({ jobId, origin: { kind: "resume", runId, checkpointId: early } });
    await runtrail("run", "solo", "Leaf question", "--continue");
    for (const text of ["hello", "Branch question", "Leaf question"]) expect(told()).toContain(text);
    expect(told()).not.toContain('"Trunk"');
    await expectPrintedIsRecorded();
  });
});

describe("fork, rerun and retry", () => {
  it("fork: from an early step of a run that is too long to be looked at as a whole", async () => {
    // The instruction of that log does not say whose it is.
    await open({ nobody: [say("Otherwise")] });
    const dir = layout.run(bench?.root ?? "", "long", "long-run");
    await mkdir(dir, { recursive: true });
    const { steps } = writeLargeLog(layout.journal(dir), {
      events: 7_000,
      jobId: "long",
      runId: "long-run",
      expertKey: "solo",
    });
    expect(steps).toBeGreaterThan(500);
    const [, , third = ""] = await readNamedCheckpoints(dir);
    for (const place of [
      ["--step", "3"],
      ["--checkpoint", third],
    ]) {
      const listed = createTestIo({ cwd: bench?.root ?? "" });
      expect(await runCli(["fork", "long-run", ...place, "--list"], listed)).toBe(0);
      // The query and a result for each step up to there.
      expect(listed.out().trim().split("\n").length).toBeLessThan(20);
    }
    const fork = await runtrail("fork", "long-run", "What now?", "--step", "3");
    expect(fork.code).toBe(0);
    expect(fork.events[0]).toMatchObject({ origin: { kind: "fork", checkpointId: third } });
  });

  it("fork: another text in the place of what a tool answered, in a job of its own", async () => {
    await open({ solo: [look, say("It says hello"), say("It says bye"), say("The same again")] });
    const first = await runtrail("run", "solo", "What does it say?");
    const listed = createTestIo({ cwd: bench?.root ?? "" });
    await runCli(["fork", first.runId.slice(0, 8), "--list"], listed);
    expect(listed.out()).toMatch(/^1 {2}user +What does it say\?\n2 {2}readTextFile +.*hello/u);
    const fork = await runtrail("fork", first.runId, "--edit", "2=bye");
    expect(fork.code).toBe(0);
    expect(fork.jobId).not.toBe(first.jobId);
    expect(fork.events[0]).toMatchObject({ origin: { kind: "fork", runId: first.runId, changed: ["message"] } });
    expect(told()).toContain("bye");
    expect(told()).not.toContain("hello");
    const again = await runtrail("rerun", first.runId);
    expect(again.events[0]).toMatchObject({
      query: "What does it say?",
      origin: { kind: "rerun", runId: first.runId },
    });
    await expectPrintedIsRecorded();
  });

  it("retry: only the delegate that failed works again; both delegates' events are on the one stream", async () => {
    const calls = ["worker", "other"].map((name) => ({ id: `d-${name}`, name, args: { query: `Work, ${name}` } }));
    await open({
      solo: [{ toolCalls: calls, usage }, say("Half done"), say("All done")],
      worker: [{ status: 401 }, say("Worked after all")],
      other: [say("The other one's")],
    });
    const first = await runtrail("run", "solo", "Do both");
    expect(new Set(first.events.map(({ expertKey }) => expertKey))).toEqual(new Set(["solo", "worker", "other"]));
    const retried = await runtrail("retry", first.runId);
    expect(ends(retried.events)).toMatchObject({ type: "finishRun", text: "All done" });
    const works = (key: string) => retried.events.some(({ expertKey }) => expertKey === key);
    expect([works("worker"), works("other")]).toEqual([true, false]);
    expect(await readJob(bench?.root ?? "", first.jobId)).toHaveLength(5);
    await expectPrintedIsRecorded();
  });

  it("retry: a run that failed goes on from there in its own journal", async () => {
    await open({ solo: [look, { status: 401 }, say("Now it works")] });
    const failed = await runtrail("run", "solo", "Look");
    expect(failed.code).toBe(1);
    const retried = await runtrail("retry", failed.runId);
    expect(retried).toMatchObject({ code: 0, runId: failed.runId });
    expect(bench?.server.requests).toHaveLength(3);
    await expectPrintedIsRecorded();
  });
});

describe("the log of a job", () => {
  async function log(...args: string[]): Promise<string> {
    const io = createTestIo({ cwd: bench?.root ?? "" });
    expect(await runCli(["log", ...args], io)).toBe(0);
    return io.out();
  }

  it("has delegates under who called them, whose tokens count theirs, and says where a run came from", async () => {
    const call = { id: "d", name: "worker", args: { query: "Work" } };
    await open({ solo: [{ toolCalls: [call], usage }, say("Done"), asking("q1")], worker: [say("Worked")] });
    const first = await runtrail("run", "solo", "Delegate it");
    await runtrail("run", "solo", "Ask me", "--continue");
    const rows = (await log()).split("\n").map((line) => line.split(/ {2,}/u));
    const cells = (row: string[] | undefined) => [row?.[0], row?.at(-2), row?.at(-1)];
    expect(rows.slice(1, -1).map(cells)).toEqual([
      ["! stopped, waits for input", "solo", `[goes on from run ${first.runId.slice(0, 8)}] Ask me`],
      ["✓ finished", "solo", "Delegate it"],
      ["✓ finished", "└ worker", "Work"],
    ]);
    expect([rows[2]?.[4], rows[3]?.[4]]).toEqual(["330", "110"]);
    const summary = await log("--summary");
    expect(summary).toContain(`\n  goes on from run ${first.runId}\n  askUser (q1): Which?\n`);
    expect(summary).toContain(`\n  delegated by run ${first.runId}\n`);
    const { runs } = JSON.parse(await log("--summary", "--json"));
    expect(runs[0]).toMatchObject({
      stopReason: "input",
      origin: { kind: "continue" },
      waitsFor: [{ toolCallId: "q1" }],
    });
    const whole = await log("--run", first.runId);
    expect(whole).toContain("delegates to worker: “Work”");
  });
});

describe("the workspace of a job", () => {
  it("is named in the command that goes on, where it was named before", async () => {
    await open({ solo: [asking("q1"), say("Thanks.")] });
    const elsewhere = createTestIo({
      cwd: join(bench?.root ?? "", ".."),
      env: { ANTHROPIC_API_KEY: "sk-x", ANTHROPIC_BASE_URL: bench?.server.baseUrlFor("anthropic") ?? "" },
    });
    const config = join(bench?.root ?? "", "perstack.toml");
    await runCli(["run", "solo", "Ask", "--config", config], elsewhere);
    const [, command = ""] = /Answer with: runtrail (.*)\n/u.exec(elsewhere.err()) ?? [];
    expect(command).toContain(`--config ${config}`);
    const args = command.split(" ").map((arg) => (arg === '"…"' ? "An answer" : arg));
    const answered = createTestIo({ cwd: elsewhere.cwd, env: { ...elsewhere.env } as Record<string, string> });
    expect(await runCli(args, answered)).toBe(0);
    expect(answered.events().at(-1)).toMatchObject({ type: "finishRun", text: "Thanks." });
  });
});
