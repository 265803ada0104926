/** Live text without its secrets: a secret that comes in two pieces is held back until it is whole. */
import type { EventPayload, LivePayload } from "../model/events";
import type { Redactor } from "./ports";

export interface DeltaStreams {
  push(payload: LivePayload): void;
  /** Publishes what was held back of what the event ends: the texts of a generation, the output of a tool call. */
  endWith(event: EventPayload): void;
}

export function createDeltaStreams(redactor: Redactor, publish: (payload: LivePayload) => void): DeltaStreams {
  const open = new Map<string, { stream: ReturnType<Redactor["stream"]>; payloadOf(text: string): LivePayload }>();
  const tell = (payloadOf: (text: string) => LivePayload, text: string) => {
    if (text !== "") publish(payloadOf(text));
  };
  return {
    push(payload) {
      if (payload.type === "schedulerState") {
        publish(redactor.value(payload));
        return;
      }
      const key = payload.type === "progressTool" ? `${payload.type} ${payload.toolCallId}` : payload.type;
      const payloadOf = (text: string): LivePayload =>
        payload.type === "progressTool" ? { ...payload, text } : { ...payload, delta: text };
      const entry = open.get(key) ?? { stream: redactor.stream(), payloadOf };
      open.set(key, entry);
      tell(payloadOf, entry.stream.push(payload.type === "progressTool" ? payload.text : payload.delta));
    },
    endWith(event) {
      if (open.size === 0) return;
      for (const key of keysEndedBy(event)) {
        const ended = open.get(key);
        open.delete(key);
        if (ended) tell(ended.payloadOf, ended.stream.end());
      }
    },
  };
}

function keysEndedBy(event: EventPayload): string[] {
  if (event.type === "finishGeneration") return ["streamReasoning", "streamText"];
  return event.type === "finishToolCall" ? [`progressTool ${event.toolCallId}`] : [];
}
