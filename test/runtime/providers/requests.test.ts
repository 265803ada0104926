/** What reaches the provider: the conversation, its signatures, its pictures, and how much to think. */
import { afterEach, expect, it } from "vitest";
import type { Message, ReasoningPart } from "../../../src/model/message";
import { type ModelServer, startModelServer, type WireProvider } from "../../support/modelServer";
import { ask, canary, instruction, openModel, user, wireCases } from "./openModel";

let server: ModelServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function sent(wire: WireProvider, messages: Message[], reasoningBudget?: string | number) {
  const wireCase = wireCases.find((entry) => entry.wire === wire);
  if (!wireCase) throw new Error(`No case for ${wire}`);
  server = await startModelServer([{ text: "ok" }]);
  await ask(await openModel(wireCase, server.baseUrlFor(wire)), { messages, reasoningBudget });
  const request = server.requests[0];
  if (!request) throw new Error("No request came");
  return request;
}

function expertWith(reasoning: ReasoningPart[], calls: { id: string; args: unknown; options?: unknown }[]): Message {
  return {
    type: "expertMessage",
    id: "e",
    contents: [
      ...reasoning.map(({ text, providerOptions }, index) => ({
        type: "thinkingPart" as const,
        id: `r${index}`,
        thinking: text,
        ...(providerOptions && { providerOptions }),
      })),
      ...calls.map(({ id, args }) => ({
        type: "toolCallPart" as const,
        id: `p-${id}`,
        toolCallId: id,
        toolName: "readTextFile",
        args,
      })),
    ],
  };
}

function results(...texts: [id: string, text: string, isError?: boolean][]): Message {
  return {
    type: "toolMessage",
    id: "t",
    contents: texts.map(([toolCallId, text, isError]) => ({
      type: "toolResultPart",
      id: `r-${toolCallId}`,
      toolCallId,
      toolName: "readTextFile",
      contents: [{ type: "textPart", id: `x-${toolCallId}`, text }],
      ...(isError && { isError }),
    })),
  };
}

function pictureResult(mimeType: string): Message {
  return {
    type: "toolMessage",
    id: "t",
    contents: [
      {
        type: "toolResultPart",
        id: "r",
        toolCallId: "c1",
        toolName: "readTextFile",
        contents: [
          {
            type: mimeType.startsWith("image/") ? "imageInlinePart" : "fileInlinePart",
            id: "i",
            encodedData: "iVBORw0KGgo=",
            mimeType,
          },
        ],
      },
    ],
  };
}

it("anthropic: the instruction is marked for the cache, and its key goes in a header only", async () => {
  const { body, headers, path } = await sent("anthropic", [instruction, user("Hi")]);
  expect(path).toBe("/anthropic/v1/messages");
  expect(body.system).toEqual([{ type: "text", text: "You are terse.", cache_control: { type: "ephemeral" } }]);
  expect(body.stream).toBe(true);
  expect(body.thinking).toBeUndefined();
  expect(headers["x-api-key"]).toBe(canary);
  expect(JSON.stringify(body)).not.toContain(canary);
});

it("anthropic: what was thought goes back with its signature, exactly as it came", async () => {
  server = await startModelServer([
    { reasoning: "Hm.", toolCalls: [{ id: "c1", name: "readTextFile", args: { path: "a" } }] },
    { text: "ok" },
  ]);
  const wireCase = wireCases.find(({ wire }) => wire === "anthropic");
  if (!wireCase) throw new Error("No case");
  const model = await openModel(wireCase, server.baseUrlFor("anthropic"));
  const first = await ask(model, { reasoningBudget: "low" });
  expect(first.reasoning).toEqual([{ text: "Hm.", providerOptions: { anthropic: { signature: "signature of Hm." } } }]);
  const messages = [instruction, user("Hi"), expertWith(first.reasoning, [{ id: "c1", args: { path: "a" } }])];
  await ask(model, { messages: [...messages, results(["c1", "content", true])], reasoningBudget: "low" });
  expect(server.requests[1]?.body.messages).toMatchObject([
    { role: "user" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm.", signature: "signature of Hm." },
        { type: "tool_use", id: "c1", name: "readTextFile", input: { path: "a" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "content", is_error: true }] },
  ]);
});

it("openai: nothing is stored there, and sealed reasoning goes back", async () => {
  const reasoning = [
    { text: "Hm.", providerOptions: { openai: { itemId: "rs_1", reasoningEncryptedContent: "sealed" } } },
  ];
  const conversation = [instruction, user("Hi"), expertWith(reasoning, [{ id: "c1", args: {} }]), results(["c1", "x"])];
  const { body } = await sent("openai", conversation);
  expect(body.store).toBe(false);
  expect(body.include).toContain("reasoning.encrypted_content");
  expect(body.input).toMatchObject([
    { role: "developer" },
    { role: "user" },
    { type: "reasoning", encrypted_content: "sealed" },
    { type: "function_call", call_id: "c1", arguments: "{}" },
    { type: "function_call_output", call_id: "c1", output: "x" },
  ]);
});

it("azure-openai: nothing is stored there either", async () => {
  const { body, headers, path } = await sent("azure-openai", [instruction, user("Hi")]);
  expect(path).toBe("/azure/v1/responses");
  expect(body).toMatchObject({ store: false, model: "my-deployment" });
  expect(headers["api-key"]).toBe(canary);
});

it("google: a call's signature is kept and goes back", async () => {
  server = await startModelServer([{ toolCalls: [{ id: "c1", name: "readTextFile", args: {} }] }, { text: "ok" }]);
  const wireCase = wireCases.find(({ wire }) => wire === "google");
  if (!wireCase) throw new Error("No case");
  const model = await openModel(wireCase, server.baseUrlFor("google"));
  const { toolCalls } = await ask(model);
  const [call] = toolCalls;
  expect(call?.providerOptions).toEqual({ google: { thoughtSignature: "signature of c1" } });
  const expert: Message = {
    type: "expertMessage",
    id: "e",
    contents: toolCalls.map(({ id, tool, args, providerOptions }) => ({
      type: "toolCallPart",
      id: "p",
      toolCallId: id,
      toolName: tool,
      args,
      ...(providerOptions && { providerOptions }),
    })),
  };
  await ask(model, { messages: [instruction, user("Hi"), expert, results(["c1", "x"])] });
  expect(JSON.stringify(server.requests[1]?.body)).toContain('"thoughtSignature":"signature of c1"');
});

it.each(wireCases.map(({ wire }) => wire))("%s: arguments that were no JSON go back as an object", async (wire) => {
  const conversation = [
    instruction,
    user("Hi"),
    expertWith([], [{ id: "c1", args: '{"pa' }]),
    results(["c1", "no", true]),
  ];
  const { body } = await sent(wire, conversation);
  expect(JSON.stringify(body)).not.toContain('{\\"pa');
});

it.each(wireCases.map(({ wire }) => wire))(
  "%s: a picture in a tool's result is seen or said to be unreadable",
  async (wire) => {
    const conversation = [instruction, user("Hi"), expertWith([], [{ id: "c1", args: {} }])];
    const { body } = await sent(wire, [...conversation, pictureResult("image/png")]);
    const text = JSON.stringify(body);
    expect(text).toContain("iVBORw0KGgo=");
    // Never as JSON inside a text, which costs tokens and shows nothing.
    expect(text).not.toMatch(/\\"[a-zA-Z]+\\":\\"[^"]*iVBORw0KGgo=/);
  },
);

it.each(["ollama", "deepseek"] as const)("%s: a PDF becomes a note", async (wire) => {
  const conversation = [instruction, user("Hi"), expertWith([], [{ id: "c1", args: {} }])];
  const { body } = await sent(wire, [...conversation, pictureResult("application/pdf")]);
  expect(JSON.stringify(body)).toContain("[application/pdf: this model cannot read it]");
});

const budgets: [WireProvider, string | number, Record<string, unknown>][] = [
  ["anthropic", "none", { thinking: { type: "disabled" } }],
  ["anthropic", 2000, { thinking: { type: "enabled", budget_tokens: 2000 } }],
  ["anthropic", 5, { thinking: { type: "enabled", budget_tokens: 1024 } }],
  ["openai", "high", { reasoning: { effort: "high" } }],
  ["openai", 3000, { reasoning: { effort: "low" } }],
  ["google", 512, { generationConfig: { thinkingConfig: { thinkingBudget: 512, includeThoughts: true } } }],
  ["google", "low", { generationConfig: { thinkingConfig: { includeThoughts: true } } }],
  ["deepseek", "none", { thinking: { type: "disabled" } }],
  ["deepseek", "high", { thinking: { type: "enabled" } }],
  ["ollama", "none", { think: false }],
  ["ollama", "low", { think: true }],
];
it.each(budgets)("%s: the reasoning budget %s reaches the model", async (wire, budget, expected) => {
  expect((await sent(wire, [instruction, user("Hi")], budget)).body).toMatchObject(expected);
});

it.each(wireCases.map(({ wire }) => wire).filter((wire) => wire !== "ollama"))(
  "%s: nothing is said about thinking where the definition says nothing",
  async (wire) => {
    const { body } = await sent(wire, [instruction, user("Hi")]);
    expect(JSON.stringify(body)).not.toMatch(/thinking|"effort"|reasoning_effort/);
  },
);
