/** How much a model is asked to think, what of it is heard, and what goes back so that it can go on thinking. */
import { describe, expect, it } from "vitest";
import type { GenerationResult } from "../../../src/runtime/ports";
import type { WireProvider } from "../../support/modelServer";
import { instruction, user, wireCases } from "./openModel";
import { caseOf, exchange, expertMessage, results, sent, thinking } from "./sentRequest";

/** What stands in the request where the budget is set; `undefined`: nothing may stand there. */
type Expected = Record<string, unknown> | undefined;
type Row = [model: string, budget: string | number, expected: Expected];

const budgets: Partial<Record<WireProvider, Row[]>> = {
  anthropic: [
    ["claude-sonnet-4-5", "none", { thinking: { type: "disabled" } }],
    ["claude-sonnet-4-5", 0, { thinking: { type: "disabled" } }],
    ["claude-sonnet-4-5", "minimal", { thinking: { type: "enabled", budget_tokens: 1280 } }],
    ["claude-sonnet-4-5", "low", { thinking: { type: "enabled", budget_tokens: 6400 } }],
    ["claude-sonnet-4-5", "medium", { thinking: { type: "enabled", budget_tokens: 19200 } }],
    ["claude-sonnet-4-5", "high", { thinking: { type: "enabled", budget_tokens: 38400 } }],
    ["claude-sonnet-4-5", 2000, { thinking: { type: "enabled", budget_tokens: 2000 } }],
    ["claude-sonnet-4-5", 5, { thinking: { type: "enabled", budget_tokens: 1024 } }],
    ["claude-3-7-sonnet-latest", 3000, { thinking: { type: "enabled", budget_tokens: 3000 } }],
    ["claude-opus-4-1-20250805", 3000, { thinking: { type: "enabled", budget_tokens: 3000 } }],
    // These say no to a number of tokens, and think most where no effort is named.
    ["claude-opus-4-6", "minimal", { thinking: { type: "adaptive" }, output_config: { effort: "low" } }],
    ["claude-opus-4-7", "high", { thinking: { type: "adaptive" }, output_config: { effort: "high" } }],
    ["claude-opus-4-7", 500, { thinking: { type: "adaptive" }, output_config: { effort: "low" } }],
    ["claude-opus-4-7", 9000, { thinking: { type: "adaptive" }, output_config: { effort: "medium" } }],
    ["claude-opus-4-6", "none", { thinking: { type: "disabled" } }],
  ],
  openai: [
    ["gpt-5", "none", { reasoning: { effort: "minimal" } }],
    ["gpt-5", "minimal", { reasoning: { effort: "minimal" } }],
    ["gpt-5-mini-2025-08-07", "low", { reasoning: { effort: "low", summary: "detailed" } }],
    ["gpt-5", "high", { reasoning: { effort: "high" } }],
    ["gpt-5", 3000, { reasoning: { effort: "low" } }],
    ["gpt-5.1", "none", { reasoning: { effort: "none" } }],
    ["gpt-5.1", "minimal", { reasoning: { effort: "low" } }],
    ["gpt-5-codex", "none", { reasoning: { effort: "low" } }],
    ["gpt-5-pro", "low", { reasoning: { effort: "high" } }],
    ["o3", "minimal", { reasoning: { effort: "low" } }],
    ["gpt-4.1", "high", undefined],
  ],
  "openai-chat": [
    ["gpt-5", "none", { reasoning_effort: "minimal" }],
    ["gpt-5", 10_000, { reasoning_effort: "medium" }],
    ["gpt-4.1", "high", undefined],
  ],
  "azure-openai": [
    ["my-deployment", "low", { reasoning: { effort: "low" } }],
    ["my-deployment", 20_000, { reasoning: { effort: "high" } }],
    ["my-deployment", "none", undefined],
    ["gpt-5", "none", { reasoning: { effort: "minimal" } }],
    ["gpt-4o", "high", undefined],
  ],
  google: [
    ["gemini-2.5-flash", "none", thinkingConfig({ thinkingBudget: 0 })],
    ["gemini-2.5-flash", "minimal", thinkingConfig({ thinkingBudget: 1311, includeThoughts: true })],
    ["gemini-2.5-flash", "high", thinkingConfig({ thinkingBudget: 24_576, includeThoughts: true })],
    ["gemini-2.5-flash", 512, thinkingConfig({ thinkingBudget: 512, includeThoughts: true })],
    ["gemini-2.5-flash", 90_000, thinkingConfig({ thinkingBudget: 24_576, includeThoughts: true })],
    ["gemini-2.5-flash-lite", 5, thinkingConfig({ thinkingBudget: 512, includeThoughts: true })],
    // It cannot stop thinking.
    ["gemini-2.5-pro", "none", thinkingConfig({ thinkingBudget: 128 })],
    ["gemini-2.5-pro", 5, thinkingConfig({ thinkingBudget: 128, includeThoughts: true })],
    ["gemini-2.5-pro", "low", thinkingConfig({ thinkingBudget: 6554, includeThoughts: true })],
    ["gemini-3-flash-preview", "none", thinkingConfig({ thinkingLevel: "minimal", includeThoughts: false })],
    ["gemini-3-pro-preview", "minimal", thinkingConfig({ thinkingLevel: "low", includeThoughts: true })],
    ["gemini-3-pro-preview", "high", thinkingConfig({ thinkingLevel: "high", includeThoughts: true })],
    ["gemini-3-pro-preview", 9000, thinkingConfig({ thinkingLevel: "medium", includeThoughts: true })],
  ],
  "google-vertex": [
    ["gemini-2.5-pro", 512, thinkingConfig({ thinkingBudget: 512, includeThoughts: true })],
    ["gemini-2.5-flash", "none", thinkingConfig({ thinkingBudget: 0 })],
    ["gemini-3-pro-preview", "low", thinkingConfig({ thinkingLevel: "low", includeThoughts: true })],
  ],
  deepseek: [
    ["deepseek-v4-flash", "none", { thinking: { type: "disabled" } }],
    ["deepseek-v4-flash", "minimal", { thinking: { type: "enabled" }, reasoning_effort: "low" }],
    ["deepseek-v4-flash", "low", { thinking: { type: "enabled" }, reasoning_effort: "low" }],
    ["deepseek-v4-flash", "high", { thinking: { type: "enabled" }, reasoning_effort: "high" }],
    ["deepseek-v4-flash", 2000, { thinking: { type: "enabled" }, reasoning_effort: "low" }],
  ],
  "amazon-bedrock": [
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", 2000, fields({ thinking: { type: "enabled", budget_tokens: 2000 } })],
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", 5, fields({ thinking: { type: "enabled", budget_tokens: 1024 } })],
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "low", fields({ thinking: { type: "enabled" } })],
    ["anthropic.claude-sonnet-4-5-20250929-v1:0", "none", undefined],
    [
      "global.anthropic.claude-opus-4-7-v1:0",
      "minimal",
      fields({ thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: "low" } }),
    ],
    ["global.anthropic.claude-opus-4-7-v1:0", 9000, fields({ output_config: { effort: "medium" } })],
    ["openai.gpt-oss-120b-1:0", "high", fields({ reasoning_effort: "high" })],
    ["openai.gpt-oss-120b-1:0", 2000, fields({ reasoning_effort: "low" })],
    ["amazon.nova-2-lite-v1:0", 2000, fields({ reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } })],
    ["meta.llama3-3-70b-instruct-v1:0", "high", undefined],
  ],
  ollama: [
    ["qwen3", "none", { think: false }],
    ["qwen3", 0, { think: false }],
    ["qwen3", "low", { think: true }],
    ["qwen3", 2000, { think: true }],
    ["gpt-oss:20b", "none", { think: "low" }],
    ["gpt-oss:20b", "high", { think: "high" }],
    ["gpt-oss:20b", 9000, { think: "medium" }],
  ],
};

function thinkingConfig(config: Record<string, unknown>): Expected {
  return { generationConfig: { thinkingConfig: config } };
}

function fields(additionalModelRequestFields: Record<string, unknown>): Expected {
  return { additionalModelRequestFields };
}

const said = /thinking|"effort"|reasoning_?[eE]ffort|"think"|reasoningConfig/;

describe("the reasoning budget", () => {
  const rows = Object.entries(budgets).flatMap(([wire, list]) =>
    list.map(([model, budget, expected]) => ({ wire: wire as WireProvider, model, budget, expected })),
  );
  it.each(rows)("$budget reaches $model of $wire", async ({ wire, model, budget, expected }) => {
    const { body } = await sent(caseOf(wire, { model }), { reasoningBudget: budget });
    if (expected) expect(body).toMatchObject(expected);
    else expect(JSON.stringify(body)).not.toMatch(said);
  });

  it.each(wireCases.map(({ wire }) => wire))("that is not set says nothing to %s", async (wire) => {
    expect(JSON.stringify((await sent(caseOf(wire))).body)).not.toMatch(said);
  });
});

describe("what was thought", () => {
  /** Two requests: a call with a thought before it, then its result. */
  async function goOn(wire: WireProvider, model = caseOf(wire).model) {
    let answer: GenerationResult | undefined;
    const heard: string[] = [];
    const turns = [
      { reasoning: "Let me see.", toolCalls: [{ id: "c1", name: "readTextFile", args: { path: "a" } }] },
      { text: "ok" },
    ];
    const { requests } = await exchange(caseOf(wire, { model }), turns, async (say) => {
      answer = await say({ reasoningBudget: "low", onReasoning: (delta) => heard.push(delta) });
      const messages = [instruction, user("Hi"), expertMessage(answer), results(["c1", "content"])];
      await say({ messages, reasoningBudget: "low" });
    });
    if (!answer) throw new Error("No answer");
    return { answer, heard, body: requests[1]?.body };
  }

  it.each(wireCases.map(({ wire }) => wire).filter((wire) => wire !== "openai-chat"))(
    "%s is heard in pieces",
    async (wire) => {
      const { answer, heard } = await goOn(wire);
      expect(heard.length).toBeGreaterThan(1);
      expect(heard.join("")).toBe("Let me see.");
      expect(answer.reasoning.map(({ text }) => text)).toEqual(["Let me see."]);
    },
  );

  it("goes back to anthropic with its signature, in front of the call", async () => {
    const { body } = await goOn("anthropic");
    expect(body?.messages).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Let me see.", signature: "signature of Let me see." },
          { type: "tool_use", id: "c1", name: "readTextFile", input: { path: "a" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "c1" }] },
    ]);
  });

  it("goes back to anthropic sealed where it was not shown", async () => {
    const sealed = { text: "", providerOptions: { anthropic: { redactedData: "sealed" } } };
    const messages = [instruction, user("Hi"), thinking([sealed], "c1"), results(["c1", "x"])];
    const { body } = await sent(caseOf("anthropic"), { messages, reasoningBudget: "low" });
    expect(JSON.stringify(body)).toContain('{"type":"redacted_thinking","data":"sealed"}');
  });

  it.each(["openai", "azure-openai"] as const)(
    "goes back to %s sealed, since nothing is stored there",
    async (wire) => {
      const { body } = await goOn(wire);
      expect(body?.include).toContain("reasoning.encrypted_content");
      expect(body?.input).toMatchObject([
        {},
        { role: "user" },
        { type: "reasoning", id: "rs_1", encrypted_content: "sealed Let me see." },
        { type: "function_call", call_id: "c1" },
        { type: "function_call_output", call_id: "c1", output: "content" },
      ]);
    },
  );

  it.each(["google", "google-vertex"] as const)("goes back to %s with the signature of its call", async (wire) => {
    const { answer, body } = await goOn(wire);
    expect(Object.values(answer.toolCalls[0]?.providerOptions ?? {})).toContainEqual({
      thoughtSignature: "signature of c1",
    });
    expect(body?.contents).toMatchObject([
      { role: "user" },
      {
        role: "model",
        parts: [
          { text: "Let me see.", thought: true },
          { functionCall: { name: "readTextFile" }, thoughtSignature: "signature of c1" },
        ],
      },
      { role: "user", parts: [{ functionResponse: { name: "readTextFile" } }] },
    ]);
  });

  it("goes back to amazon-bedrock with its signature, in front of the call", async () => {
    const { body } = await goOn("amazon-bedrock");
    expect(body?.messages).toMatchObject([
      { role: "user" },
      {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: "Let me see.", signature: "signature of Let me see." } } },
          { toolUse: { toolUseId: "c1", input: { path: "a" } } },
        ],
      },
      { role: "user" },
    ]);
  });

  it("goes back to deepseek and ollama as it was", async () => {
    expect(JSON.stringify((await goOn("deepseek")).body)).toContain('"reasoning_content":"Let me see."');
    expect(JSON.stringify((await goOn("ollama")).body)).toContain('"thinking":"Let me see."');
  });

  it("by another provider does no harm", async () => {
    const foreign = { text: "Hm.", providerOptions: { openai: { itemId: "rs_9", reasoningEncryptedContent: "x" } } };
    for (const { wire } of wireCases) {
      const messages = [instruction, user("Hi"), thinking([foreign], "c1"), results(["c1", "x"])];
      const { outcome } = await sent(caseOf(wire), { messages, reasoningBudget: "low" });
      expect(await outcome).toBe("answered");
    }
  });
});
