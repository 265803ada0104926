/** What happened in a run, one after the other, as events: starts before their ends, each end with a start. */
import type { EventPayload } from "../../model/events";
import type { ForeignRunBuilder } from "../foreignRunBuilder";

export interface Moment {
  /** Unix ms. */
  at: number;
  isUntimed?: boolean;
  id?: string;
  step: number;
  payload: EventPayload;
}

/** @param moments in order; the first begins the run, another beginning is none */
export function tellMoments(builder: ForeignRunBuilder, moments: readonly Moment[]): void {
  const open = new Set<string>();
  let isGenerating = false;
  for (const { at, payload, step, ...source } of moments) {
    const emit = (each: EventPayload) => builder.emit(each, { timestamp: at, ...source }, step);
    switch (payload.type) {
      case "startRun":
        if (builder.events.length > 0) continue;
        break;
      case "startGeneration":
        isGenerating = true;
        break;
      case "finishGeneration":
        if (!isGenerating) emit({ type: "startGeneration", attempt: payload.attempt });
        isGenerating = false;
        break;
      case "startToolCall":
        if (open.has(payload.toolCallId)) continue;
        open.add(payload.toolCallId);
        break;
      case "finishToolCall": {
        const { toolCallId, skill, tool } = payload;
        if (!open.delete(toolCallId)) emit({ type: "startToolCall", toolCallId, skill, tool, args: null });
        break;
      }
      default:
    }
    emit(payload);
  }
}
