import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type AnyEvent, resume, run, UserError } from "../../src/app/library";
import { makeWorkspace, soloToml } from "../support/experts";
import { type ModelServer, startModelServer } from "../support/modelServer";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
});

async function prepare(script: Parameters<typeof startModelServer>[0], toml = soloToml()) {
  server = await startModelServer(script);
  const workspace = await makeWorkspace({ "perstack.toml": toml });
  const env = { ANTHROPIC_API_KEY: "sk-x", ANTHROPIC_BASE_URL: server.baseUrlFor("anthropic") };
  return { params: { expertKey: "solo", query: "Do it", workspace }, env };
}

describe("the library", () => {
  it("runs an expert, tells every event, and gives the outcome", async () => {
    const { params, env } = await prepare([{ text: "Done" }]);
    const types: string[] = [];
    const outcome = await run(params, { env, eventListener: ({ type }) => types.push(type) });
    expect(outcome).toMatchObject({
      status: "finished",
      text: "Done",
      dir: expect.stringContaining(join("perstack", "jobs")),
    });
    expect(types.filter((type) => type !== "streamText")).toEqual([
      ...["startRun", "startGeneration", "finishGeneration", "finishStep", "finishRun"],
    ]);
  });

  it("is not harmed by a listener that throws: it hears the next event all the same", async () => {
    const { params, env } = await prepare([{ text: "Done" }]);
    const heard: AnyEvent[] = [];
    const errors: unknown[] = [];
    const outcome = await run(params, {
      env,
      onError: (error) => errors.push(error),
      eventListener(event) {
        heard.push(event);
        throw new Error("a bad listener");
      },
    });
    expect(outcome.status).toBe("finished");
    expect(heard.at(-1)?.type).toBe("finishRun");
    expect(errors).toHaveLength(heard.length);
  });

  it("may look but not touch unless it is told otherwise", async () => {
    const { params, env } = await prepare([
      { toolCalls: [{ name: "writeTextFile", args: { path: "x.txt", text: "x" } }] },
      { text: "I could not" },
    ]);
    const heard: AnyEvent[] = [];
    await run(params, { env, eventListener: (event) => heard.push(event) });
    expect(heard.find(({ type }) => type === "finishToolCall")).toMatchObject({ isError: true });
  });

  it("is cancelled by its signal", async () => {
    const { params, env } = await prepare([{ text: Array(200).fill("word "), slow: 50 }]);
    const controller = new AbortController();
    const eventListener = ({ type }: AnyEvent) => type === "streamText" && controller.abort();
    const outcome = await run(params, { env, eventListener, signal: controller.signal });
    expect(outcome).toMatchObject({ status: "stopped", stopReason: "cancelled" });
  });

  const asks = `${soloToml()}[experts.solo.skills."ask"]
type = "interactiveSkill"
[experts.solo.skills."ask".tools.askUser]
inputJsonSchema = '{"type":"object"}'
`;
  const asking = { toolCalls: [{ id: "q1", name: "askUser", args: { question: "Which?" } }] };

  it("answers a run that stopped for input, by its job or by its folder, and continues a finished one", async () => {
    // A server may give every question the same id.
    const { params, env } = await prepare([asking, asking, { text: "Blue" }, { text: "And on" }], asks);
    const { jobId, dir, ...asked } = await run(params, { env });
    expect(asked).toMatchObject({ status: "stopped", stopReason: "input" });
    const { query: _, ...again } = { ...params, continueJob: jobId };
    await expect(run(again, { env })).rejects.toThrow(/waits for answers: q1 \(askUser\)/u);
    expect(await run({ ...again, answers: [{ text: "red" }] }, { env })).toMatchObject({ stopReason: "input", dir });
    const heard: AnyEvent[] = [];
    const eventListener = (event: AnyEvent) => heard.push(event);
    const answered = await resume({ dir, answers: [{ toolCallId: "q1", text: "blue" }] }, { env, eventListener });
    expect(answered).toMatchObject({ status: "finished", text: "Blue", jobId, dir });
    expect(heard[0]).toMatchObject({ type: "resumeRun", by: "library" });
    const next = await run({ ...params, query: "More", continueJob: jobId }, { env });
    expect(next).toMatchObject({ status: "finished", text: "And on", jobId });
    expect(next.dir).not.toBe(dir);
  });

  it("stops at a budget and goes on with a higher one", async () => {
    const look = { toolCalls: [{ name: "healthCheck", args: {} }], usage: { inputTokens: 100, outputTokens: 10 } };
    const { params, env } = await prepare([look, { text: "Done" }]);
    const { dir, ...stopped } = await run({ ...params, maxTokens: 100 }, { env });
    expect(stopped).toMatchObject({ status: "stopped", stopReason: "budget" });
    expect(await resume({ dir, maxTokens: 900 }, { env })).toMatchObject({ status: "finished", text: "Done" });
  });

  it("refuses what is about no job, or another expert's", async () => {
    const { params, env } = await prepare([{ text: "Done" }]);
    await expect(run({ ...params, resumeFrom: "c" }, { env })).rejects.toThrow(UserError);
    await expect(run({ ...params, continueJob: "nope" }, { env })).rejects.toThrow(/There is no job nope/u);
    const { jobId } = await run(params, { env });
    await expect(run({ ...params, expertKey: "other", continueJob: jobId }, { env })).rejects.toThrow(
      /not of “other”/u,
    );
  });
});
