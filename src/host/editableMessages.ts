/** The messages of a conversation that a fork can put another text in place of: what users said and tools answered. */
import type { Message, MessageOf } from "../model/message";

export interface EditableMessage {
  id: string;
  /** Who said it. */
  from: string;
  text: string;
}

type Content = MessageOf<"userMessage">["contents"][number];

/** The newest first: mostly it is the one that is meant. */
export function editableMessages(messages: readonly Message[]): EditableMessage[] {
  return messages.flatMap(editable).reverse();
}

function editable(message: Message): EditableMessage[] {
  if (message.type === "userMessage") return [{ id: message.id, from: "user", text: textOf(message.contents) }];
  if (message.type !== "toolMessage") return [];
  return message.contents.map(({ id, toolName, contents }) => ({ id, from: toolName, text: textOf(contents) }));
}

function textOf(contents: readonly Content[]): string {
  return contents.map((part) => (part.type === "textPart" ? part.text : `[${part.mimeType}]`)).join("\n");
}
