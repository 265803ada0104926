/** A conversation as VS Code's chat messages; there is no system role, so the instruction is the first thing a user says. */
import * as vscode from "vscode";
import { assertNever } from "../base/errors";
import type { Message, MessageOf } from "../model/message";

type Content = MessageOf<"userMessage">["contents"][number];
type ToolResult = MessageOf<"toolMessage">["contents"][number];

export function toChatMessages(messages: readonly Message[]): vscode.LanguageModelChatMessage[] {
  return messages.map(toChatMessage).filter(({ content }) => content.length > 0);
}

export function toChatMessage(message: Message): vscode.LanguageModelChatMessage {
  switch (message.type) {
    case "instructionMessage":
    case "userMessage":
      return vscode.LanguageModelChatMessage.User(message.contents.map(contentPart) as vscode.LanguageModelTextPart[]);
    case "expertMessage":
      return vscode.LanguageModelChatMessage.Assistant(message.contents.flatMap(expertPart));
    case "toolMessage":
      return vscode.LanguageModelChatMessage.User(
        message.contents.map(
          (result) => new vscode.LanguageModelToolResultPart(result.toolCallId, resultParts(result)),
        ),
      );
    default:
      return assertNever(message);
  }
}

/** Its thoughts stay here: there is no part to give them back in. */
function expertPart(
  part: MessageOf<"expertMessage">["contents"][number],
): (vscode.LanguageModelTextPart | vscode.LanguageModelToolCallPart)[] {
  switch (part.type) {
    case "textPart":
      return [new vscode.LanguageModelTextPart(part.text)];
    case "thinkingPart":
      return [];
    case "toolCallPart": {
      const input = typeof part.args === "object" && part.args !== null ? part.args : {};
      return [new vscode.LanguageModelToolCallPart(part.toolCallId, part.toolName, input)];
    }
    default:
      return assertNever(part);
  }
}

function resultParts({ contents, isError }: ToolResult): unknown[] {
  const failed = isError ? [new vscode.LanguageModelTextPart("The tool failed:")] : [];
  return [...failed, ...contents.map(contentPart)];
}

function contentPart(part: Content): unknown {
  if (part.type === "textPart") return new vscode.LanguageModelTextPart(part.text);
  const data = part.type === "imageInlinePart" ? dataPartClass() : undefined;
  if (data) return data.image(Buffer.from(part.encodedData, "base64"), part.mimeType);
  return new vscode.LanguageModelTextPart(`[${part.mimeType}: this model cannot read it]`);
}

interface DataPartClass {
  image(data: Uint8Array, mimeType: string): unknown;
}

/** Part of VS Code's API since 1.106; before that the class is there, but not for everyone. */
function dataPartClass(): DataPartClass | undefined {
  const [major = 0, minor = 0] = vscode.version.split(".").map(Number);
  if (major === 1 && minor < 106) return undefined;
  return (vscode as unknown as { LanguageModelDataPart?: DataPartClass }).LanguageModelDataPart;
}
