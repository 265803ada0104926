/** Opens each provider's model over a scripted server, and asks it one thing. */
import type { Message } from "../../../src/model/message";
import type { GenerationRequest, GenerationResult, LanguageModel, ToolDefinition } from "../../../src/runtime/ports";
import { ModelError } from "../../../src/runtime/ports";
import { providers } from "../../../src/runtime/providers";
import type { Provider, ProviderContext } from "../../../src/runtime/providers/provider";
import type { WireProvider } from "../../support/modelServer";

/** Must never be seen in an error. */
export const canary = "sk-canary-0123456789";

export interface WireCase {
  wire: WireProvider;
  provider: string;
  model: string;
  env: Record<string, string>;
  setting: Record<string, unknown>;
  /** What its errors say to check. */
  keyName?: string;
}

export const wireCases: readonly WireCase[] = [
  keyed("anthropic", "anthropic", "claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
  keyed("openai", "openai", "gpt-5", "OPENAI_API_KEY"),
  { ...keyed("openai-chat", "openai", "gpt-4.1", "OPENAI_API_KEY"), setting: { api: "chat" } },
  keyed("google", "google", "gemini-2.5-pro", "GOOGLE_GENERATIVE_AI_API_KEY"),
  keyed("deepseek", "deepseek", "deepseek-v4-flash", "DEEPSEEK_API_KEY"),
  keyed("azure-openai", "azure-openai", "my-deployment", "AZURE_API_KEY"),
  keyed("google-vertex", "google-vertex", "gemini-2.5-pro", "GOOGLE_VERTEX_API_KEY"),
  {
    ...keyed(
      "amazon-bedrock",
      "amazon-bedrock",
      "anthropic.claude-sonnet-4-5-20250929-v1:0",
      "AWS_BEARER_TOKEN_BEDROCK",
    ),
    env: { AWS_BEARER_TOKEN_BEDROCK: canary, AWS_REGION: "eu-central-1" },
  },
  {
    wire: "ollama",
    provider: "ollama",
    model: "qwen3",
    env: {},
    setting: { headers: { authorization: `Bearer ${canary}` } },
  },
];

function keyed(wire: WireProvider, provider: string, model: string, keyName: string): WireCase {
  return { wire, provider, model, env: { [keyName]: canary }, setting: {}, keyName };
}

export function findProvider(name: string): Provider {
  const found = providers.find((provider) => provider.name === name);
  if (!found) throw new Error(`No provider ${name}`);
  return found;
}

export function contextOf(parts: Partial<ProviderContext>): ProviderContext {
  return {
    setting: {},
    env: {},
    recordings: { find: async () => undefined, workspaceRoot: "/nowhere" },
    ...parts,
  };
}

export async function openModel(wireCase: WireCase, baseUrl: string): Promise<LanguageModel> {
  const { env } = wireCase;
  const setting = { ...wireCase.setting, baseUrl };
  return await findProvider(wireCase.provider).open(wireCase.model, contextOf({ env, setting }));
}

export const readFileTool: ToolDefinition = {
  name: "readTextFile",
  description: "Reads a file",
  inputSchema: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
};

export const instruction: Message = {
  type: "instructionMessage",
  id: "i",
  contents: [{ type: "textPart", id: "i0", text: "You are terse." }],
  cache: true,
};

export function user(text: string): Message {
  return { type: "userMessage", id: `u-${text}`, contents: [{ type: "textPart", id: `u-${text}-0`, text }] };
}

export interface Heard {
  text: string[];
  reasoning: string[];
}

export async function ask(
  model: LanguageModel,
  parts: Partial<GenerationRequest> = {},
  heard: Heard = { text: [], reasoning: [] },
): Promise<GenerationResult> {
  return await model.generate({
    messages: [instruction, user("Say hello.")],
    tools: [readFileTool],
    toolChoice: "auto",
    signal: new AbortController().signal,
    onText: (delta) => heard.text.push(delta),
    onReasoning: (delta) => heard.reasoning.push(delta),
    ...parts,
  });
}

/** The error of a generation that must fail. */
export async function failureOf(generation: Promise<unknown>): Promise<ModelError> {
  const outcome = await generation.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error(`It should have failed, but gave ${JSON.stringify(outcome.value)}`);
  if (!(outcome.error instanceof ModelError)) throw outcome.error;
  return outcome.error;
}
