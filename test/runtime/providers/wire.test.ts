/** Every provider over a real wire: what it makes of good answers, bad ones, and none. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ModelScript, type ModelServer, startModelServer } from "../../support/modelServer";
import { ask, canary, failureOf, type Heard, openModel, wireCases } from "./openModel";

describe.each(wireCases)("the wire of $wire", (wireCase) => {
  const { wire } = wireCase;
  let server: ModelServer | undefined;
  const printed: unknown[][] = [];

  beforeEach(() => {
    printed.length = 0;
    for (const name of ["log", "info", "warn", "error"] as const) {
      vi.spyOn(console, name).mockImplementation((...args) => printed.push(args));
    }
    vi.spyOn(process, "emitWarning").mockImplementation((...args) => void printed.push(args));
  });

  afterEach(async () => {
    vi.restoreAllMocks();
    await server?.close();
    server = undefined;
    expect(printed).toEqual([]);
  });

  async function open(script: ModelScript) {
    server = await startModelServer(script);
    return { server, model: await openModel(wireCase, server.baseUrlFor(wire)) };
  }

  it("gives a text as it comes, with its usage", async () => {
    const usage = { inputTokens: 120, outputTokens: 30 };
    const { server, model } = await open([{ text: ["Hel", "lo ", "wörld 🌍"], usage }]);
    const heard: Heard = { text: [], reasoning: [] };
    const result = await ask(model, {}, heard);
    expect(result).toMatchObject({ text: "Hello wörld 🌍", toolCalls: [], finishReason: "stop" });
    expect(result.usage).toMatchObject({ ...usage, totalTokens: 150 });
    expect(heard.text).toEqual(["Hel", "lo ", "wörld 🌍"]);
    expect(server.requests).toHaveLength(1);
    expect(JSON.stringify(server.requests[0]?.body)).toContain("You are terse.");
    expect(JSON.stringify(server.requests[0]?.body)).toContain("Reads a file");
  });

  it("gives a tool call beside a text", async () => {
    const { model } = await open([
      { text: "Reading.", toolCalls: [{ id: "call_a", name: "readTextFile", args: { path: "a.ts" } }] },
    ]);
    const result = await ask(model);
    expect(result).toMatchObject({ text: "Reading.", finishReason: "toolCalls" });
    expect(result.toolCalls).toMatchObject([{ id: "call_a", tool: "readTextFile", args: { path: "a.ts" } }]);
  });

  it("gives parallel tool calls in their order", async () => {
    const { model } = await open([
      { toolCalls: ["a", "b", "c"].map((path) => ({ id: `id_${path}`, name: "readTextFile", args: { path } })) },
    ]);
    const { toolCalls } = await ask(model);
    expect(toolCalls.map(({ id, args }) => [id, args])).toEqual([
      ["id_a", { path: "a" }],
      ["id_b", { path: "b" }],
      ["id_c", { path: "c" }],
    ]);
  });

  it("keeps the SDK's warnings to itself", async () => {
    server = await startModelServer([{ text: "ok" }]);
    const unheardOf = { ...wireCase, model: "a-model-nobody-heard-of" };
    const model = await openModel(unheardOf, server.baseUrlFor(wire));
    expect((await ask(model, { reasoningBudget: "minimal" })).text).toBe("ok");
  });

  it("passes on a call of a tool that nobody offered", async () => {
    const script = [{ toolCalls: [{ name: "noSuchTool", args: { x: 1 } }] }];
    const { model } = await open([...script, ...script]);
    const expected = { finishReason: "toolCalls", toolCalls: [{ tool: "noSuchTool", args: { x: 1 } }] };
    expect(await ask(model)).toMatchObject(expected);
    expect(await ask(model, { tools: [] })).toMatchObject(expected);
  });

  it("gives arguments that do not fit the schema as they are", async () => {
    const { model } = await open([{ toolCalls: [{ name: "readTextFile", args: { file: 1 } }] }]);
    expect((await ask(model)).toolCalls).toMatchObject([{ tool: "readTextFile", args: { file: 1 } }]);
  });

  it("tells when the answer stopped at the token limit", async () => {
    const { model } = await open([{ text: "Half a sen", length: true }]);
    expect(await ask(model)).toMatchObject({ text: "Half a sen", finishReason: "length" });
  });

  it("gives an empty answer as an empty answer", async () => {
    const { model } = await open([{}]);
    expect(await ask(model)).toMatchObject({ text: "", toolCalls: [], finishReason: "stop" });
  });

  it.each([401, 403])("calls %i a matter of the key", async (status) => {
    const { server, model } = await open([{ status, body: { error: { message: `Bad key ${canary}` } } }]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_auth", isRetryable: false, statusCode: status });
    if (wireCase.keyName) expect(error.message).toContain(wireCase.keyName);
    expect(error.details.cause).toContain("Bad key [redacted]");
    expect(JSON.stringify([error.message, error.details])).not.toContain(canary);
    expect(server.requests).toHaveLength(1);
  });

  it("hears how long a rate limit wants it to wait, and does not retry by itself", async () => {
    const { server, model } = await open([
      { status: 429, headers: { "retry-after": "7" } },
      { status: 429, headers: { "retry-after-ms": "1500" } },
      { status: 429 },
    ]);
    const limited = { class: "provider_rate_limit", isRetryable: true, statusCode: 429 };
    expect((await failureOf(ask(model))).details).toMatchObject({ ...limited, retryAfterMs: 7000 });
    expect((await failureOf(ask(model))).details).toMatchObject({ ...limited, retryAfterMs: 1500 });
    expect((await failureOf(ask(model))).details.retryAfterMs).toBeUndefined();
    expect(server.requests).toHaveLength(3);
  });

  it.each([500, 503, 529, 408])("may try again after %i", async (status) => {
    const { server, model } = await open([{ status }]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true, statusCode: status });
    expect(error.details.cause).toContain(`Scripted error ${status}`);
    expect(server.requests).toHaveLength(1);
  });

  it.each([400, 402, 404, 422])("does not try again after %i", async (status) => {
    const { model } = await open([{ status, body: { error: { message: "It is\nall wrong" } } }]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_bad_request", isRetryable: false, statusCode: status });
    expect(error.message).toContain("It is all wrong");
    if (status === 404) expect(error.message).toContain(wireCase.model);
  });

  it("says that a refused connection could not be made", async () => {
    const { server, model } = await open([]);
    const { host } = new URL(server.url);
    await server.close();
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
    expect(error.message).toContain("could not be reached");
    expect(error.message).toContain("ECONNREFUSED");
    expect(`${error.message} ${error.details.cause}`).toContain(host);
  });

  it.each([0, 1, 2, 3])("does not take a stream cut after %i chunks for an answer", async (cut) => {
    const { model } = await open([{ text: ["One ", "two ", "three ", "four "], cut }]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
  });

  it.each([0, 1, 2, 3])("does not take a stream that ends after %i chunks for an answer", async (endAfter) => {
    const turn = { text: ["One ", "two "], toolCalls: [{ name: "readTextFile", args: { path: "a" } }], endAfter };
    const { model } = await open([turn]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
  });

  it("does not take a malformed stream for an answer", async () => {
    const { server, model } = await open([{ text: ["One ", "two "], malformed: true }]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
    await server.requests[0]?.outcome;
    expect(server.openConnections()).toBe(0);
  });

  it("does not take half an answer with an error event for an answer", async () => {
    const { server, model } = await open([
      { text: ["One ", "two ", "three "], errorEvent: { message: `Overloaded, ${canary}` } },
    ]);
    const error = await failureOf(ask(model));
    expect(error.details).toMatchObject({ class: "provider_unavailable", isRetryable: true });
    expect(error.message).toContain("Overloaded");
    expect(JSON.stringify([error.message, error.details])).not.toContain(canary);
    await server.requests[0]?.outcome;
  });

  it("closes the connection at the first fault, however long the stream would go on", async () => {
    const text = Array.from({ length: 500 }, (_, index) => `${index} `);
    const { server, model } = await open([{ text, malformed: true, slow: 20 }]);
    expect((await failureOf(ask(model))).details.class).toBe("provider_unavailable");
    expect(await server.requests[0]?.outcome).toBe("closed");
  });

  it("closes the connection of a slow stream that is cancelled", async () => {
    const { server, model } = await open([{ text: ["One ", "two ", "three ", "four "], slow: 40 }]);
    const cancel = new AbortController();
    const generation = ask(model, { signal: cancel.signal, onText: () => cancel.abort() });
    const error = await failureOf(generation);
    expect(error.details).toMatchObject({ class: "cancelled", isRetryable: false });
    expect(await server.requests[0]?.outcome).toBe("closed");
    await vi.waitFor(() => expect(server.openConnections()).toBe(0));
  });

  it("closes the connection when cancelled before the first chunk", async () => {
    const cancel = new AbortController();
    const { server, model } = await open(() => {
      cancel.abort();
      return { text: "late", slow: 30_000 };
    });
    const error = await failureOf(ask(model, { signal: cancel.signal }));
    expect(error.details.class).toBe("cancelled");
    expect(await server.requests[0]?.outcome).toBe("closed");
  });

  it("throws the very reason that a timeout gives", async () => {
    const { ModelError } = await import("../../../src/runtime/ports");
    const reason = new ModelError("Too slow.", { class: "timeout", isRetryable: true });
    const { server, model } = await open([{ text: ["One ", "two "], slow: 40 }]);
    const cancel = new AbortController();
    const error = await failureOf(ask(model, { signal: cancel.signal, onText: () => cancel.abort(reason) }));
    expect(error).toBe(reason);
    expect(await server.requests[0]?.outcome).toBe("closed");
  });

  it("asks nothing when it is cancelled before it begins", async () => {
    const { server, model } = await open([{ text: "never" }]);
    const error = await failureOf(ask(model, { signal: AbortSignal.abort() }));
    expect(error.details.class).toBe("cancelled");
    expect(server.requests).toHaveLength(0);
  });
});
