/** The chat models of test/host/chatModels, told what to answer: an expert is known by its instruction. */
import assert from "node:assert/strict";
import * as vscode from "vscode";

interface ScriptedRequest {
  messages: readonly vscode.LanguageModelChatRequestMessage[];
  progress: vscode.Progress<vscode.LanguageModelResponsePart>;
}

interface ScriptedModels {
  respond(request: ScriptedRequest): Promise<void>;
  countTokens(text: string): number;
}

/** What was said so far, without the instruction. */
export interface Said {
  /** All of it, results and answers of tools included. */
  text: string;
  /** The tools that have answered, in order. */
  answered: readonly string[];
}

export interface Answer {
  text?: string;
  call?: { name: string; input: object };
}

/** @param experts by the beginning of the instruction: what to answer to what was said */
export async function playExperts(experts: Record<string, (said: Said) => Answer | Promise<Answer>>): Promise<void> {
  const extension = vscode.extensions.getExtension<ScriptedModels>("runtrail-test.chat-models");
  assert.ok(extension, "The extension with the chat models is not there.");
  const models = await extension.activate();
  let calls = 0;
  models.countTokens = (text) => Math.ceil(text.length / 4);
  models.respond = async ({ messages, progress }) => {
    const [instruction = "", ...others] = messages.map(textOf);
    const expert = Object.entries(experts).find(([beginning]) => instruction.includes(beginning));
    assert.ok(expert, `Nobody plays the expert of: ${instruction.slice(0, 80)}`);
    const answered = messages.flatMap(({ content }) =>
      content.flatMap((part) => (part instanceof vscode.LanguageModelToolResultPart ? [part.callId] : [])),
    );
    const { text, call } = await expert[1]({ text: others.join("\n"), answered });
    if (text !== undefined) progress.report(new vscode.LanguageModelTextPart(text));
    calls += 1;
    if (call) progress.report(new vscode.LanguageModelToolCallPart(`${call.name}-${calls}`, call.name, call.input));
  };
}

function textOf({ content }: vscode.LanguageModelChatRequestMessage): string {
  return JSON.stringify(content);
}
