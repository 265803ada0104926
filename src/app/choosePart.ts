/** Which events of a long log are given when somebody asks for a part of it. */
import { reachBack, reachOn, type WindowLimits, windowLimits } from "../model/windowEdges";
import type { EventIndex } from "../store/eventIndex";
import type { WantedPart } from "./runIndex";

/** Positions: of the first event, and behind the last one. */
export interface EventRange {
  from: number;
  to: number;
}

/** Nobody asks for more at once. */
const mostTimes = 10;

/**
 * @param headEnd where the events before the first step end: those are given anyway
 * @param count of the events that there are for it
 */
export function choosePart(
  index: EventIndex,
  wanted: WantedPart,
  headEnd: number,
  count: number,
  usual: WindowLimits = windowLimits,
): EventRange {
  const limits = limitsFor(wanted, usual);
  const columns = {
    stepOf: (at: number) => index.stepOf(at),
    bytesOf: (at: number) => index.lengthOf(at) + 1,
  };
  const back = (to: number, most = limits) => reachBack(to, columns, most, headEnd);
  const on = (from: number, at = from) => reachOn(from, count, columns, limits, at);
  const place = placeOf(index, wanted, headEnd, count);
  if (!place) return { from: back(count), to: count };
  if (wanted.edge === "last") return { from: back(place.to), to: place.to };
  if (wanted.edge === "first") return { from: place.from, to: on(place.from) };
  const half = { steps: limits.steps / 2, events: limits.events / 2, bytes: limits.bytes / 2 };
  const from = place.from > headEnd ? back(place.from, half) : headEnd;
  const to = on(from, place.from);
  if (to <= place.from) return { from: place.from, to: on(place.from) };
  return to === count ? { from: back(count), to } : { from, to };
}

function limitsFor({ steps }: WantedPart, usual: WindowLimits): WindowLimits {
  if (steps === undefined) return usual;
  const times = Math.min(mostTimes, Math.max(1, steps) / usual.steps);
  return { steps: usual.steps * times, events: Math.ceil(usual.events * times), bytes: usual.bytes * times };
}

function placeOf(index: EventIndex, { step, seq }: WantedPart, headEnd: number, count: number): EventRange | undefined {
  const at = seq === undefined ? undefined : index.find(seq);
  const found = at === undefined ? (step === undefined ? undefined : rangeOf(index, step)) : { from: at, to: at + 1 };
  if (!found || found.from >= count) return undefined;
  const from = Math.max(headEnd, found.from);
  return from < count ? { from, to: Math.max(from + 1, Math.min(found.to, count)) } : undefined;
}

/** What happened before the first step is shown with it. */
function rangeOf(index: EventIndex, step: number): EventRange | undefined {
  return step === 0 ? { from: 0, to: 0 } : index.rangeOf(step);
}
