/** The conversation as a fold over a run's events: the loop speaks from it, a checkpoint stores it, the journal gives it back. */
import type { Checkpoint } from "./checkpoint";
import type { EventOf, RunEvent } from "./events";
import type { Message, MessageOf, ResultPart } from "./message";

/** Appends to `messages` in place what `event` adds. Ids follow from event ids, so that every fold is equal. */
export function foldMessage(messages: Message[], event: RunEvent): void {
  switch (event.type) {
    case "startRun":
      if (event.instruction === undefined) return;
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
      // A call that was broken off has no result: it stays pending for whoever goes on with the run.
      if (event.errorClass !== "cancelled" && event.errorClass !== "interrupted") foldToolResult(messages, event);
      return;
    default:
  }
}

/**
 * @param events in order, large results read back in (see the journal)
 * @param base the conversation that the run went on from: the messages of the checkpoint that `startRun` names
 */
export function conversationOf(events: Iterable<RunEvent>, base: readonly Message[] = []): Message[] {
  const messages: Message[] = structuredClone([...base]);
  for (const event of events) foldMessage(messages, event);
  return messages;
}

/** The calls of the last expert message that have no result yet, in order. */
export function pendingCallsOf(messages: readonly Message[]): { id: string; tool: string; args: unknown }[] {
  const at = messages.findLastIndex(({ type }) => type === "expertMessage");
  const last = messages[at];
  if (last?.type !== "expertMessage") return [];
  // Something that was said after it, such as a new query, has left its calls behind.
  if (messages.slice(at + 1).some(({ type }) => type !== "toolMessage")) return [];
  const results = messages.slice(at + 1).flatMap((each) => (each.type === "toolMessage" ? each.contents : []));
  const done = new Set(results.map(({ toolCallId }) => toolCallId));
  return last.contents.flatMap((part) =>
    part.type === "toolCallPart" && !done.has(part.toolCallId)
      ? [{ id: part.toolCallId, tool: part.toolName, args: part.args }]
      : [],
  );
}

/** The results of the last step so far, where calls are pending. */
export function lastResultsOf(messages: readonly Message[]): MessageOf<"toolMessage">["contents"] {
  const last = messages.at(-1);
  return last?.type === "toolMessage" ? last.contents : [];
}

/** The conversation a checkpoint stands for: what was done of a step that is not whole is put back into it. */
export function messagesOf({ id, messages, partialToolResults = [] }: Checkpoint): Message[] {
  if (partialToolResults.length === 0) return messages;
  const contents = partialToolResults.map(({ id: toolCallId, toolName, result, isError }, index) => ({
    type: "toolResultPart" as const,
    id: `${id}-${index}`,
    ...{ toolCallId, toolName, contents: result },
    ...(isError && { isError }),
  }));
  return [...messages, { type: "toolMessage", id: `${id}-results`, contents }];
}

/** With a result for each pending call, so that something else can be said to the model. */
export function settlePendingCalls(messages: readonly Message[], id: string, text: string): Message[] {
  const pending = pendingCallsOf(messages);
  if (pending.length === 0) return [...messages];
  const contents = pending.map((call, index) => ({
    type: "toolResultPart" as const,
    id: `${id}-${index}`,
    toolCallId: call.id,
    toolName: call.tool,
    contents: [{ type: "textPart" as const, id: `${id}-${index}-0`, text }],
    isError: true,
  }));
  const last = messages.at(-1);
  return last?.type === "toolMessage"
    ? [...messages.slice(0, -1), { ...last, contents: [...last.contents, ...contents] }]
    : [...messages, { type: "toolMessage", id, contents }];
}

export function userMessage(id: string, text: string): MessageOf<"userMessage"> {
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
  const results = last.contents;
  results.push({
    type: "toolResultPart",
    id: event.id,
    toolCallId: event.toolCallId,
    toolName: event.tool,
    contents: event.result.map((part, index) => withId(part, `${event.id}-${index}`)),
    ...(event.isError && { isError: true }),
  });
  sortByCall(results, messages.at(-2));
}

/** Calls that ran side by side end in any order: the conversation has their results in the order they were asked for. */
function sortByCall(results: MessageOf<"toolMessage">["contents"], asked: Message | undefined): void {
  if (asked?.type !== "expertMessage" || results.length < 2) return;
  const order = asked.contents.flatMap((part) => (part.type === "toolCallPart" ? [part.toolCallId] : []));
  results.sort((a, b) => order.indexOf(a.toolCallId) - order.indexOf(b.toolCallId));
}

function withId<T extends ResultPart>(part: T, id: string): T & { id: string } {
  return { ...part, id };
}
