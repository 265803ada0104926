/** The conversation as a fold over a run's events: the loop speaks from it, a checkpoint stores it, the journal gives it back. */
import type { EventOf, RunEvent } from "./events";
import type { Message, MessageOf, ResultPart } from "./message";

/** Appends to `messages` in place what `event` adds. Ids follow from event ids, so that every fold is equal. */
export function foldMessage(messages: Message[], event: RunEvent): void {
  switch (event.type) {
    case "startRun":
      messages.push(
        {
          type: "instructionMessage",
          id: `${event.id}-instruction`,
          contents: [{ type: "textPart", id: `${event.id}-instruction-0`, text: event.instruction }],
          cache: true,
        },
        userMessage(`${event.id}-query`, event.query),
      );
      return;
    case "finishGeneration":
      if (event.error) return;
      if (event.text || event.toolCalls.length > 0) messages.push(expertMessage(event));
      return;
    case "retryGeneration":
      if (event.feedback) messages.push(userMessage(`${event.id}-feedback`, event.feedback));
      return;
    case "finishToolCall":
      foldToolResult(messages, event);
      return;
    default:
  }
}

/** @param events in order, large results read back in (see the journal). */
export function conversationOf(events: Iterable<RunEvent>): Message[] {
  const messages: Message[] = [];
  for (const event of events) foldMessage(messages, event);
  return messages;
}

function userMessage(id: string, text: string): MessageOf<"userMessage"> {
  return { type: "userMessage", id, contents: [{ type: "textPart", id: `${id}-0`, text }] };
}

function expertMessage(event: EventOf<"finishGeneration">): MessageOf<"expertMessage"> {
  type Part = MessageOf<"expertMessage">["contents"][number];
  const partId = (name: string) => `${event.id}-${name}`;
  const thinking = (event.reasoning ?? []).map(
    (part, index): Part => ({
      type: "thinkingPart",
      id: partId(`thinking-${index}`),
      thinking: part.text,
      ...(part.providerOptions && { providerOptions: part.providerOptions }),
    }),
  );
  const text: Part[] = event.text ? [{ type: "textPart", id: partId("text"), text: event.text }] : [];
  const calls = event.toolCalls.map(
    (call, index): Part => ({
      type: "toolCallPart",
      id: partId(`call-${index}`),
      toolCallId: call.id,
      toolName: call.tool,
      args: call.args,
      ...(call.providerOptions && { providerOptions: call.providerOptions }),
    }),
  );
  return { type: "expertMessage", id: event.id, contents: [...thinking, ...text, ...calls] };
}

function foldToolResult(messages: Message[], event: EventOf<"finishToolCall">): void {
  let last = messages.at(-1);
  if (last?.type !== "toolMessage") {
    last = { type: "toolMessage", id: `${event.id}-results`, contents: [] };
    messages.push(last);
  }
  last.contents.push({
    type: "toolResultPart",
    id: event.id,
    toolCallId: event.toolCallId,
    toolName: event.tool,
    contents: event.result.map((part, index) => withId(part, `${event.id}-${index}`)),
    ...(event.isError && { isError: true }),
  });
}

function withId<T extends ResultPart>(part: T, id: string): T & { id: string } {
  return { ...part, id };
}
