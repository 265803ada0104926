import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { isLive } from "../../src/model/eventKinds";
import type { ErrorClass } from "../../src/model/failure";
import { type FinishedRun, makeWorkspace, runSolo, soloToml } from "../support/experts";
import { type ModelScript, type ModelServer, startModelServer } from "../support/modelServer";

let server: ModelServer | undefined;
afterEach(async () => {
  await server?.close();
});

const secret = "sk-canary-0123456789";

interface Wire {
  provider: "anthropic" | "openai";
  env: (url: string) => Record<string, string>;
}

const wires: Wire[] = [
  { provider: "anthropic", env: (url) => ({ ANTHROPIC_API_KEY: secret, ANTHROPIC_BASE_URL: url }) },
  { provider: "openai", env: (url) => ({ OPENAI_API_KEY: secret, OPENAI_BASE_URL: url }) },
];

async function play(
  { provider, env }: Wire,
  script: ModelScript,
  request: Parameters<typeof runSolo>[1] = {},
  onHeard?: Parameters<typeof runSolo>[3],
): Promise<FinishedRun> {
  server = await startModelServer(script);
  const root = await makeWorkspace({ "perstack.toml": soloToml(), "a.txt": "hällo\n" });
  const run = await runSolo(root, { maxRetries: 0, ...request }, { env: env(server.baseUrlFor(provider)) }, onHeard);
  await expectWhole(run);
  return run;
}

/** What must hold however a run ended: the journal is what was heard, it is ended once, and no key is in any file. */
async function expectWhole(run: FinishedRun): Promise<void> {
  expect(run.problems).toEqual([]);
  expect(run.heard.filter((event) => !isLive(event))).toEqual(run.events);
  expect(run.events.map(({ seq }) => seq)).toEqual(run.events.map((_, index) => index + 1));
  const ends = run.events.filter(({ type }) => ["finishRun", "stopRun", "errorRun"].includes(type));
  expect(ends).toEqual([run.events.at(-1)]);
  const files = ["events.jsonl", "run-info.yaml", "run-setting.json"].map((name) =>
    readFile(join(run.dir, name), "utf8"),
  );
  for (const content of await Promise.all(files)) expect(content).not.toContain(secret);
}

describe.each(wires)("a run on $provider’s wire", (wire) => {
  it("reads a file, answers, and says which provider and model it had", async () => {
    const { outcome, events, heard } = await play(wire, [
      {
        text: "I look.",
        toolCalls: [{ name: "readTextFile", args: { path: "a.txt" } }],
        usage: { inputTokens: 100, outputTokens: 7 },
      },
      { text: "It says hällo.", usage: { inputTokens: 120, outputTokens: 9 } },
    ]);
    expect(outcome).toMatchObject({ status: "finished", text: "It says hällo.", totalUsage: { totalTokens: 236 } });
    expect(events[0]).toMatchObject({ type: "startRun", provider: wire.provider });
    expect(JSON.stringify(server?.requests[1]?.body)).toContain("hällo");
    expect(heard.some(({ type }) => type === "streamText")).toBe(true);
  });

  const faults: [string, ModelScript, ErrorClass, number | undefined][] = [
    ["a wrong key", [{ status: 401 }], "provider_auth", 401],
    ["too many requests", [{ status: 429, headers: { "retry-after": "1" } }], "provider_rate_limit", 429],
    ["a broken provider", [{ status: 500 }], "provider_unavailable", 500],
    ["a bad request", [{ status: 400 }], "provider_bad_request", 400],
    ["a stream that is cut", [{ text: ["Half ", "a ", "sentence"], cut: 2 }], "provider_unavailable", undefined],
    ["a stream that makes no sense", [{ text: "Hello there", malformed: true }], "provider_unavailable", undefined],
  ];
  it.each(faults)("ends %#: %s, in the right class", async (_name, script, errorClass, statusCode) => {
    const { outcome, events } = await play(wire, script);
    expect(outcome).toMatchObject({
      status: "failed",
      error: { class: errorClass, ...(statusCode && { statusCode }) },
    });
    expect(events.map(({ type }) => type)).toEqual(["startRun", "startGeneration", "finishGeneration", "errorRun"]);
    expect(events.at(-1)).toMatchObject({ location: { line: expect.any(Number) }, step: 1 });
  });

  it("does not take the half of an answer that ends in an error event for a whole one", async () => {
    const { outcome } = await play(wire, [{ text: ["Half ", "of it"], errorEvent: { message: "Overloaded" } }]);
    expect(outcome.status).toBe("failed");
  });

  it("waits as long as a 429 asks, then goes on", async () => {
    const script = [{ status: 429, headers: { "retry-after": "0" } }, { text: "Here" }];
    const { outcome, events } = await play(wire, script, { maxRetries: 1 });
    expect(outcome).toMatchObject({ status: "finished", text: "Here" });
    expect(events.filter(({ type }) => type === "retryGeneration")).toHaveLength(1);
  });

  it("is cancelled in the middle of a slow stream, and the provider sees the connection close", async () => {
    const slow = [{ text: Array.from({ length: 200 }, (_, index) => `word ${index} `), slow: 50 }];
    const run = await play(wire, slow, {}, (event, cancel) => event.type === "streamText" && cancel());
    expect(run.outcome).toMatchObject({ status: "stopped", stopReason: "cancelled" });
    expect(await server?.requests[0]?.outcome).toBe("closed");
    expect(run.events.map(({ type }) => type)).toEqual(["startRun", "startGeneration", "finishGeneration", "stopRun"]);
  });

  it("ends a generation that takes longer than its time", async () => {
    const slow = [{ text: Array.from({ length: 200 }, () => "word "), slow: 50 }];
    const { outcome } = await play(wire, slow, { timeoutMs: 300 });
    expect(outcome).toMatchObject({ status: "failed", error: { class: "timeout" } });
    expect(await server?.requests[0]?.outcome).toBe("closed");
  });
});
