import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type AnyEvent, run } from "../../src/app/library";
import { makeWorkspace, soloToml } from "../support/experts";
import { type ModelServer, startModelServer } from "../support/modelServer";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
});

async function prepare(script: Parameters<typeof startModelServer>[0]) {
  server = await startModelServer(script);
  const workspace = await makeWorkspace({ "perstack.toml": soloToml() });
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
});
