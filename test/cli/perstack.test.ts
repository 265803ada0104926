/** The terminal in the place of Perstack's, and jobs written as Perstack keeps them: a real application and a real wire. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { perstack } from "../../src/formats/perstack/perstack";
import type { WrittenEvent } from "../../src/formats/perstack/writtenEvent";
import { expectSound, sequences } from "../formats/writtenLaws";
import { makeWorkspace } from "../support/experts";
import { expertOf, expertsToml } from "../support/jobs";
import { type ModelServer, type ModelTurn, startModelServer } from "../support/modelServer";
import { faultOfEvent } from "../support/perstackShapes";
import { waitUntil } from "../support/waitUntil";
import { createTestIo } from "./testIo";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const question = `[experts.solo.skills."ask"]
type = "interactiveSkill"
[experts.solo.skills."ask".tools.askUser]
description = "Ask the user"
inputJsonSchema = '{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}'
`;
const complete: ModelTurn = { toolCalls: [{ name: "attemptCompletion" }] };
const look: ModelTurn = { toolCalls: [{ name: "healthCheck" }] };

async function open(turns: ModelTurn[]) {
  server = await startModelServer(turns);
  const root = await makeWorkspace({ "perstack.toml": expertsToml({ solo: question, other: "" }) });
  const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
  const run = async (args: string[], using: Record<string, string> = env) => {
    const io = createTestIo({ cwd: root, env: using });
    const code = await runCli(args, io);
    const events = args[0] === "run" ? io.events() : [];
    expect(events.flatMap((event) => faultOfEvent(event) ?? [])).toEqual([]);
    return { code, events, types: events.map(({ type }) => type), err: io.err(), out: io.out() };
  };
  const start = (...args: string[]) => run(["run", "--events", "perstack", "--approve", "all", ...args]);
  return { root, run, start };
}

const state = (types: unknown[]) => types.filter((type) => !/streaming|^stream/iu.test(String(type)));

describe("runtrail run --events perstack", () => {
  it("prints what Perstack prints, live: pieces of the answer, and nothing of ours", async () => {
    const { start } = await open([look, complete, { text: ["All ", "is ", "done."] }]);
    const { code, events, types } = await start("solo", "Do it", "--runtime", "local");
    expect(code).toBe(0);
    expect(state(types)).toEqual([
      ...["initializeRuntime", "skillConnected", "startRun"],
      ...["startGeneration", "callTools", "resolveToolResults", "finishToolCall", "continueToNextStep"],
      ...["startGeneration", "callTools", "attemptCompletion", "completeRun", "skillDisconnected"],
    ]);
    const pieces = events.flatMap(({ type, delta }) => (type === "streamRunResult" ? [delta] : []));
    expect(pieces.join("")).toBe("All is done.");
    expect(pieces.length).toBeGreaterThan(1);
    expect(events.at(-2)).toMatchObject({ type: "completeRun", text: "All is done." });
  });

  it("exits with 0 whatever a run came to that began", async () => {
    const { start } = await open([{ status: 400, body: { error: { message: "No" } } }]);
    const failed = await start("solo", "Do it");
    expect(failed.code).toBe(0);
    expect(failed.types.at(-2)).toBe("stopRunByError");
    const stopped = await open([look]);
    const limited = await stopped.start("solo", "Do it", "--max-steps", "1");
    expect(limited.code).toBe(0);
    expect(limited.types.at(-2)).toBe("stopRunByExceededMaxSteps");
  });

  it.each([
    [["--continue"], "No runs found"],
    [["--resume-from", "x"], "--resume-from requires --continue-job"],
    [["--continue-job", "no-such-job"], "No checkpoints found for job no-such-job"],
    [["--config", "no.toml"], 'Given config path "no.toml" is not found'],
    [["--max-steps", "0"], "--max-steps"],
    [["--no-such-option"], "no-such-option"],
  ])("exits with 1 for what keeps it from beginning, in Perstack's words: %s", async (args, said) => {
    const { start } = await open([]);
    expect(await start("solo", "Do it", ...args)).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining(said),
    });
  });

  it("says which key is not set, without an event, as Perstack does", async () => {
    const { run } = await open([]);
    const args = ["run", "solo", "Do it", "--events=perstack", "--provider", "anthropic"];
    const { code, out, err } = await run(args, {});
    expect([code, out]).toEqual([1, ""]);
    expect(err.split("\n")).toContain("ANTHROPIC_API_KEY is not set");
  });

  it("takes all of Perstack's runtimes, and says where it runs", async () => {
    const { start } = await open([{ text: "Hello" }]);
    const { code, err } = await start("solo", "Hi", "--runtime", "docker", "--env", "A", "--workspace", ".");
    expect(code).toBe(0);
    expect(err).toContain("The runtime docker is not there");
  });

  it("goes on with a job: another query, an answer, a checkpoint it printed; steps and run ids as Perstack's", async () => {
    const ask: ModelTurn = { toolCalls: [{ id: "q1", name: "askUser", args: { question: "Which?" } }] };
    const { start } = await open([look, ask, { text: "Red." }, { text: "Again." }, { text: "Branched." }]);
    const first = await start("solo", "Ask me");
    const jobId = String(first.events[0]?.jobId);
    expect(first.types.at(-2)).toBe("stopRunByInteractiveTool");
    const unanswered = await start("solo", "Go on", "--continue-job", jobId);
    expect(unanswered).toMatchObject({
      code: 1,
      err: expect.stringContaining("Interactive tool call result is undefined"),
    });
    const answer = { toolCallId: "q1", toolName: "askUser", skillName: "ask", text: "red" };
    const answered = await start("solo", JSON.stringify(answer), "--continue-job", jobId, "-i");
    expect(state(answered.types)).toEqual([
      ...["initializeRuntime", "skillConnected", "startRun", "finishAllToolCalls", "continueToNextStep"],
      ...["startGeneration", "completeRun", "skillDisconnected"],
    ]);
    expect(answered.events[0]).toMatchObject({ interactiveToolCall: answer });
    expect(answered.events.find(({ type }) => type === "startRun")).toMatchObject({ stepNumber: 3 });
    const again = await start("solo", "Again", "--continue");
    expect(again.events.find(({ type }) => type === "startRun")).toMatchObject({ stepNumber: 5, jobId });
    const step = first.events.find(({ type }) => type === "continueToNextStep") as { checkpoint: { id: string } };
    const branch = await start("solo", "Branch", "--continue-job", jobId, "--resume-from", step.checkpoint.id);
    expect(branch.events.find(({ type }) => type === "startRun")).toMatchObject({ stepNumber: 2 });
    expect(branch.events.at(-2)).toMatchObject({ type: "completeRun", text: "Branched." });
    const runIds = [first, answered, again, branch].map(({ events }) => events[0]?.runId);
    expect(new Set(runIds).size).toBe(4);
    expect(await start("other", "x", "--continue-job", jobId)).toMatchObject({
      code: 1,
      err: expect.stringContaining("Checkpoint expert key solo does not match input expert key other"),
    });
    expect(await start("solo", "x", "--continue-job", jobId, "--resume-from", "no-such")).toMatchObject({
      code: 1,
      err: expect.stringContaining(`Checkpoint no-such not found in job ${jobId}`),
    });
  });
});

describe("a run that is told live", () => {
  it("of delegates comes in Perstack's order, each part with an id of its own, pieces of text included", async () => {
    const root = await makeWorkspace({
      "perstack.toml": expertsToml({ solo: 'delegates = ["one", "two"]', one: "", two: "" }),
    });
    const delegate = (name: string) => ({ name, args: { query: `Ask ${name}` } });
    const turns: Record<string, ModelTurn[]> = {
      solo: [{ toolCalls: [delegate("one"), delegate("two")] }, complete, { text: ["Both ", "are ", "done."] }],
      one: [look, complete, { text: ["One ", "is ", "done."] }],
      two: [{ text: "Two." }],
    };
    server = await startModelServer((request) => turns[expertOf(request)]?.shift() ?? { status: 400 });
    const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
    const io = createTestIo({ cwd: root, env });
    expect(await runCli(["run", "solo", "Do it", "--events", "perstack"], io)).toBe(0);
    const events = io.events() as unknown as WrittenEvent[];
    expectSound(events);
    const [first, ...rest] = sequences(events);
    const done = "startGeneration callTools attemptCompletion completeRun";
    expect(first).toBe("startRun startGeneration callTools callDelegate stopRunByDelegate");
    expect(rest.at(-1)).toBe(`startRun finishAllToolCalls continueToNextStep ${done}`);
    expect(rest).toHaveLength(3);
    const steps = events.flatMap((event) => (event.type === "startRun" ? [event.stepNumber] : []));
    expect(steps).toEqual([1, 2, 2, 4]);
    const last = events.findLast((event) => event.type === "completeRun");
    expect(last).toMatchObject({ text: "Both are done.", checkpoint: { usage: { totalTokens: 7 * 15 } } });
  });

  it("and is cancelled by a signal has its end", async () => {
    const { root } = await open([{ text: Array.from({ length: 200 }, (_, index) => `word ${index} `), slow: 50 }]);
    const env = { ANTHROPIC_API_KEY: "sk-test-0123456789", ANTHROPIC_BASE_URL: server?.baseUrlFor("anthropic") ?? "" };
    const io = createTestIo({ cwd: root, env });
    const running = runCli(["run", "solo", "Do it", "--events", "perstack"], io);
    await waitUntil("the first generation", () => io.out().includes('"startGeneration"'));
    io.signal("SIGTERM");
    expect(await running).toBe(130);
    const events = io.events() as unknown as WrittenEvent[];
    expectSound(events);
    expect(events.at(-2)).toMatchObject({ type: "stopRunByError", error: { name: "Cancelled" } });
  });
});

describe("runtrail export", () => {
  it("writes the job that was printed, as Perstack keeps it, with neither key nor environment", async () => {
    const { root, start, run } = await open([look, complete, { text: "Done." }]);
    const { events } = await start("solo", "Do it");
    const jobId = String(events[0]?.jobId);
    const out = join(root, "exported");
    const exported = await run(["export", jobId, "--format", "perstack", "--out", "exported"]);
    expect(exported).toMatchObject({ code: 0, err: "", out: expect.stringContaining("1 run in ") });
    const jobDir = join(out, "perstack", "jobs", jobId);
    const [runId = ""] = await readdir(join(jobDir, "runs"));
    const names = await readdir(join(jobDir, "runs", runId));
    const isState = ({ stepNumber, type }: Record<string, unknown>) =>
      stepNumber !== undefined && !String(type).includes("tream");
    const printed = events.filter(isState).map(({ id }) => id);
    const files = names.filter((name) => name.startsWith("event-")).toSorted();
    const stored = await Promise.all(
      files.map(async (name) => JSON.parse(await readFile(join(jobDir, "runs", runId, name), "utf8"))),
    );
    // Their names put them in order.
    expect(stored.filter(isState).map(({ id }) => id)).toEqual(printed);
    const job = JSON.parse(await readFile(join(jobDir, "job.json"), "utf8"));
    expect(job).toMatchObject({ id: jobId, coordinatorExpertKey: "solo", status: "completed", totalSteps: 2 });
    const setting = JSON.parse(await readFile(join(jobDir, "runs", runId, "run-setting.json"), "utf8"));
    expect(setting).toMatchObject({ runId, env: {}, providerConfig: { apiKey: "" }, input: { text: "Do it" } });
    for (const name of await readdir(out, { recursive: true }))
      if (name.endsWith(".json")) expect(await readFile(join(out, name), "utf8")).not.toContain("sk-test-0123456789");
    expect((await perstack.read(out)).runs).toMatchObject([{ jobId, runId, problems: [] }]);
  });

  it("writes only where nothing is", async () => {
    const { root, start, run } = await open([{ text: "Done." }]);
    const { events } = await start("solo", "Do it");
    await mkdir(join(root, "full"));
    await writeFile(join(root, "full", "mine.txt"), "mine");
    const args = ["export", String(events[0]?.runId), "--format", "perstack", "--out"];
    const full = await run([...args, "full"]);
    expect(full).toMatchObject({ code: 2, err: expect.stringContaining("is not empty") });
    expect(await readdir(join(root, "full"))).toEqual(["mine.txt"]);
    expect(await run([...args, "."])).toMatchObject({ code: 2 });
    expect(await run(["export", "nobody", "--format", "perstack", "--out", "x"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("There is no job “nobody”"),
    });
    expect(await run([...args, "new"])).toMatchObject({ code: 0 });
  });
});
