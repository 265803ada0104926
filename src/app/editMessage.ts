/** Another text in the place of one message of a conversation; what was said after it no longer holds. */
import { UserError } from "../base/errors";
import type { Message } from "../model/message";

/**
 * @param edit the id of a user's message, or of one result of a tool
 * Throws `UserError` where the conversation has no such message, or it is none that can be edited.
 */
export function editMessage(messages: readonly Message[], edit: { messageId: string; text: string }): Message[] {
  const at = messages.findIndex((message) => isMeant(message, edit.messageId));
  const message = messages[at];
  if (!message) {
    throw new UserError(
      `There is no message ${edit.messageId} to edit: only what a user said or a tool answered can be.`,
    );
  }
  return [...messages.slice(0, at), withText(message, edit)];
}

function isMeant(message: Message, id: string): boolean {
  if (message.type === "userMessage") return message.id === id;
  return message.type === "toolMessage" && message.contents.some((part) => part.id === id);
}

function withText(message: Message, { messageId, text }: { messageId: string; text: string }): Message {
  const part = { type: "textPart" as const, id: `${messageId}-edited`, text };
  if (message.type === "userMessage") return { ...message, contents: [part] };
  if (message.type !== "toolMessage") return message;
  const contents = message.contents.map((result) =>
    result.id === messageId ? { ...result, contents: [part] } : result,
  );
  return { ...message, contents };
}
