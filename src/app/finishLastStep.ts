/** A step that the part of a run does not have to its end: what began in the part says how it ended, as does the step. */
import { type Run, reduceRun } from "../model/run";
import type { IndexedEvents } from "../store/indexedEvents";

/** Further on nobody looks: what takes longer is shown as not finished. */
const reach = 1000;

/**
 * Folds into `part` (the caller owns it) those events behind it that end what is in it.
 * @param to the position behind its last event
 */
export async function finishLastStep(part: Run, events: IndexedEvents, to: number): Promise<void> {
  const { index } = events;
  const last = part.steps.findLast(({ step }) => step === index.stepOf(to - 1));
  const range = last && to < index.count && index.stepOf(to) === last.step ? index.rangeOf(last.step) : undefined;
  if (!range) return;
  const open = new Set(
    last?.items.flatMap((item) => (item.kind === "toolCall" && item.finishedAt === undefined ? [item.toolCallId] : [])),
  );
  const generation = last?.items.findLast((item) => item.kind === "generation");
  let isGenerating = generation?.kind === "generation" && generation.finishedAt === undefined;
  for (let at = to; at < range.to; at += 1) {
    const isNear = at < to + reach;
    switch (index.typeOf(at)) {
      case "startGeneration":
        isGenerating = false;
        break;
      case "finishGeneration": {
        const event = isGenerating && isNear ? await events.read(at) : undefined;
        if (event) reduceRun(part, event);
        isGenerating = false;
        break;
      }
      case "finishToolCall": {
        const event = open.size > 0 && isNear ? await events.read(at) : undefined;
        if (event?.type === "finishToolCall" && open.delete(event.toolCallId)) reduceRun(part, event);
        break;
      }
      case "finishStep": {
        const event = await events.read(at);
        if (event) reduceRun(part, event);
        break;
      }
      default:
    }
  }
}
