/** What can be put otherwise in a conversation: what a user said and what tools answered, in order. */
import type { Message } from "./message";

export interface EditableMessage {
  /** Of the user's message, or of one result of a tool. */
  id: string;
  /** The tool that answered; absent: the user. */
  tool?: string;
  text: string;
}

export function editableMessagesOf(messages: readonly Message[]): EditableMessage[] {
  return messages.flatMap((message): EditableMessage[] => {
    if (message.type === "userMessage") return [{ id: message.id, text: textOf(message.contents) }];
    if (message.type !== "toolMessage") return [];
    return message.contents.map(({ id, toolName, contents }) => ({ id, tool: toolName, text: textOf(contents) }));
  });
}

function textOf(parts: readonly { type: string; text?: string; mimeType?: string }[]): string {
  return parts.map((part) => part.text ?? `[${part.mimeType ?? part.type}]`).join("\n");
}
