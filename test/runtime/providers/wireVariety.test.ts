/** What only some of the wires can say. */
import { afterEach, describe, expect, it } from "vitest";
import { type ModelScript, type ModelServer, startModelServer, type WireProvider } from "../../support/modelServer";
import { ask, failureOf, findProvider, openModel, wireCases } from "./openModel";

let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function open(wire: WireProvider, script: ModelScript) {
  const wireCase = wireCases.find((entry) => entry.wire === wire);
  if (!wireCase) throw new Error(`No case for ${wire}`);
  server = await startModelServer(script);
  return { server, model: await openModel(wireCase, server.baseUrlFor(wire)) };
}

const all = wireCases.map(({ wire }) => wire);
const without = (...names: WireProvider[]) => all.filter((wire) => !names.includes(wire));

// Anthropic's wire cannot leave it out.
it.each(without("anthropic"))("%s: the usage is absent where the provider does not tell it", async (wire) => {
  const { model } = await open(wire, [{ text: "Hello", usage: null }, { text: "Hello" }]);
  if (wire === "ollama") {
    // There it is the sign that the answer is whole.
    expect((await ask(model)).text).toBe("Hello");
    return;
  }
  expect((await ask(model)).usage).toBeUndefined();
  expect((await ask(model)).usage).toBeDefined();
});

it.each(without("ollama"))("%s: cached and reasoning tokens are parts of the sums", async (wire) => {
  const tokens = { inputTokens: 100, outputTokens: 50, cachedInputTokens: 80 };
  // Bedrock does not tell how much was thought.
  const usage = { ...tokens, ...(wire !== "amazon-bedrock" && { reasoningTokens: 20 }) };
  const { model } = await open(wire, [{ text: "Hello", usage }]);
  expect((await ask(model)).usage).toEqual({ ...usage, totalTokens: 150 });
});

it.each(["anthropic", "amazon-bedrock", "openai", "azure-openai"] as const)(
  "%s: what was written into the cache is part of the input",
  async (wire) => {
    const usage = { inputTokens: 1000, outputTokens: 50, cachedInputTokens: 600, cacheWriteTokens: 300 };
    const { model } = await open(wire, [{ text: "Hello", usage }]);
    expect((await ask(model)).usage).toMatchObject({ ...usage, totalTokens: 1050 });
  },
);

// Ollama and Google send arguments as objects.
it.each(without("ollama", "google", "google-vertex"))("%s: arguments that are no JSON stay text", async (wire) => {
  const { model } = await open(wire, [
    { toolCalls: [{ name: "readTextFile", rawArgs: '{"path": "a.ts' }] },
    { toolCalls: [{ name: "readTextFile", rawArgs: "" }] },
  ]);
  expect((await ask(model)).toolCalls).toMatchObject([{ tool: "readTextFile", args: '{"path": "a.ts' }]);
  expect((await ask(model)).toolCalls).toMatchObject([{ tool: "readTextFile", args: {} }]);
});

const endsOfCall: [WireProvider, number][] = all.map((wire) => [
  wire,
  wire === "ollama" || wire.startsWith("google") ? 1 : 3,
]);
it.each(endsOfCall)("%s: a tool call without the end of the answer is no answer", async (wire, endAfter) => {
  const { model } = await open(wire, [{ toolCalls: [{ name: "readTextFile", args: { path: "a" } }], endAfter }]);
  const error = await failureOf(ask(model));
  expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
});

it.each([
  ["overloaded_error", "provider_unavailable", true],
  ["rate_limit_error", "provider_rate_limit", true],
  ["authentication_error", "provider_auth", false],
  ["invalid_request_error", "provider_bad_request", false],
])("anthropic: an error event of type %s is %s", async (type, expected, isRetryable) => {
  const { model } = await open("anthropic", [{ text: ["a", "b"], errorEvent: { type, message: "It is so" } }]);
  const error = await failureOf(ask(model));
  expect(error.details).toMatchObject({ class: expected, isRetryable });
  expect(error.details.cause).toContain("It is so");
});

it("google: an invalid key comes as 400 and is still a matter of the key", async () => {
  const body = { error: { code: 400, message: "API key not valid. Please pass a valid API key.", status: "INVALID" } };
  const { model } = await open("google", [{ status: 400, body }]);
  expect((await failureOf(ask(model))).details).toMatchObject({ class: "provider_auth", statusCode: 400 });
});

it("openai: a used-up quota is not waited for", async () => {
  const body = { error: { message: "You exceeded your current quota", type: "insufficient_quota", code: null } };
  const { model } = await open("openai", [{ status: 429, body }]);
  expect((await failureOf(ask(model))).details).toMatchObject({ class: "provider_rate_limit", isRetryable: false });
});

it("a retry-after date counts from the server's own clock", async () => {
  const { model } = await open("anthropic", [
    {
      status: 429,
      headers: { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:12 GMT" },
    },
  ]);
  expect((await failureOf(ask(model))).details.retryAfterMs).toBe(12_000);
});

it("a page of HTML as an error is one short line", async () => {
  const { model } = await open("anthropic", [
    { status: 502, body: `<html>\n${"<p>gateway</p>\n".repeat(200)}</html>` },
  ]);
  const { cause } = (await failureOf(ask(model))).details;
  expect(cause).toMatch(/^<html> <p>gateway<\/p>/);
  expect(cause).not.toContain("\n");
  expect(cause?.length).toBeLessThanOrEqual(500);
});

it("ollama: a line that is no part of an answer is not passed over", async () => {
  const { model } = await open("ollama", [{ text: ["a", "b"], errorEvent: { message: "the runner has crashed" } }]);
  const error = await failureOf(ask(model));
  expect(error.message).toContain("the runner has crashed");
});

it.each(all)("%s: a call that was not wanted is dropped, and the text stands", async (wire) => {
  const { model, server } = await open(wire, [
    { text: "The last word.", toolCalls: [{ name: "readTextFile", args: { path: "a" } }] },
    { text: "The last word." },
  ]);
  const unwanted = await ask(model, { toolChoice: "none" });
  expect(unwanted).toMatchObject({ text: "The last word.", toolCalls: [], finishReason: "other" });
  expect(unwanted.usage).toBeDefined();
  expect(await ask(model, { toolChoice: "none" })).toMatchObject({ text: "The last word.", finishReason: "stop" });
  expect(server.requests).toHaveLength(2);
});

describe("amazon-bedrock", () => {
  const env = { AWS_BEARER_TOKEN_BEDROCK: "bedrock-canary-123", AWS_REGION: "eu-central-1" };
  const open = async (url: string) => {
    const recordings = { find: async () => undefined, workspaceRoot: "/nowhere" };
    return await findProvider("amazon-bedrock").open(undefined, { env, setting: { baseUrl: url }, recordings });
  };

  it("opens a model that every region has, and says its name where it is refused", async () => {
    server = await startModelServer([{ status: 404 }]);
    const error = await failureOf(ask(await open(server.url)));
    expect(error.details).toMatchObject({ class: "provider_bad_request", statusCode: 404 });
    expect(error.message).toContain("global.anthropic.claude-sonnet-4-5");
  });

  it("says that a refused connection could not be made", async () => {
    server = await startModelServer([]);
    const model = await open(server.url);
    await server.close();
    const error = await failureOf(ask(model));
    server = undefined;
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
    expect(`${error.message} ${error.details.cause}`).not.toContain("bedrock-canary");
  });
});
