/** VS Code's language models as models of a run: what it offers, and one request with its answer streamed. */
import * as vscode from "vscode";
import { raceAbort } from "../base/raceAbort";
import type { GenerationRequest, GenerationResult, LanguageModel } from "../runtime/ports";
import type { EditorModel, ProviderSetting } from "../runtime/providers/provider";
import { toChatMessages } from "./chatMessages";
import { toEditorModelError } from "./languageModelErrors";
import { createTokenCounter, type TokenCounter } from "./tokenCounter";

const justification = "Runtrail runs an expert of this workspace with this model.";

export async function listEditorModels(): Promise<EditorModel[]> {
  return (await select()).map(toEditorModel);
}

/** Throws `ModelError`. */
export async function openEditorModel(id: string, modelOptions?: ProviderSetting): Promise<LanguageModel> {
  const chat = (await select()).find((each) => idOf(each) === id);
  if (!chat) throw toEditorModelError(vscode.LanguageModelError.NotFound(), id);
  const counter = createTokenCounter(chat);
  return {
    provider: "vscode-lm",
    modelId: id,
    generate: (request) => generate(chat, counter, { ...request, modelOptions }),
  };
}

async function select(): Promise<vscode.LanguageModelChat[]> {
  try {
    return await vscode.lm.selectChatModels();
  } catch {
    // An extension that cannot say what it has; nothing of it can be used then.
    return [];
  }
}

function toEditorModel(chat: vscode.LanguageModelChat): EditorModel {
  const { name, vendor, family, maxInputTokens } = chat;
  return { id: idOf(chat), name, vendor, family, maxInputTokens };
}

/** An id is one of its vendor's only. */
function idOf({ vendor, id }: vscode.LanguageModelChat): string {
  return `${vendor}/${id}`;
}

type Request = GenerationRequest & { modelOptions: ProviderSetting | undefined };

async function generate(
  chat: vscode.LanguageModelChat,
  counter: TokenCounter,
  request: Request,
): Promise<GenerationResult> {
  const { messages, tools, signal, modelOptions } = request;
  const cancellation = new vscode.CancellationTokenSource();
  const cancel = () => cancellation.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    signal.throwIfAborted();
    const options: vscode.LanguageModelChatRequestOptions = {
      justification,
      ...(tools.length > 0 && { tools: tools.map((tool) => ({ ...tool })) }),
      ...(modelOptions && { modelOptions: { ...modelOptions } }),
    };
    const answer = async () => {
      const response = await chat.sendRequest(toChatMessages(messages), options, cancellation.token);
      return await collect(response, request);
    };
    const result = await raceAbort(answer(), signal);
    const usage = await counter.count(request, result);
    return { ...result, ...(usage && { usage }) };
  } catch (error) {
    throw toEditorModelError(signal.aborted ? signal.reason : error, idOf(chat), signal);
  } finally {
    signal.removeEventListener("abort", cancel);
    cancellation.dispose();
  }
}

async function collect(
  response: vscode.LanguageModelChatResponse,
  { toolChoice, signal, onText, onReasoning }: GenerationRequest,
): Promise<GenerationResult> {
  let text = "";
  let reasoning = "";
  const calls: GenerationResult["toolCalls"] = [];
  for await (const part of response.stream) {
    if (signal.aborted) break;
    if (part instanceof vscode.LanguageModelTextPart) {
      text += part.value;
      if (part.value) onText(part.value);
    } else if (part instanceof vscode.LanguageModelToolCallPart) {
      calls.push({ id: part.callId, tool: part.name, args: part.input });
    } else {
      const thought = thoughtOf(part);
      reasoning += thought;
      if (thought) onReasoning(thought);
    }
  }
  // Told not to, some call a tool all the same: the text stands.
  const isUnwanted = toolChoice === "none" && calls.length > 0;
  const toolCalls = isUnwanted ? [] : calls;
  return {
    text,
    reasoning: reasoning === "" ? [] : [{ text: reasoning }],
    toolCalls,
    finishReason: isUnwanted ? "other" : toolCalls.length > 0 ? "toolCalls" : "stop",
  };
}

/** Newer editors stream thoughts as parts that this version's API has no name for: by what they carry. */
function thoughtOf(part: unknown): string {
  if (typeof part !== "object" || part === null || !("value" in part)) return "";
  const { value } = part;
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join("") : "";
}
