/** Where a place in a run comes from: the expert's definition, and the files that its tool calls touched. */
import type { WantedPart } from "../app/runIndex";
import type { Run, Step, StepItem } from "../model/run";

export interface PlaceInRun {
  step: number;
  seq?: number;
  toolCallId?: string;
  /** A file that the place itself names, relative to the workspace. */
  path?: string;
}

/** The part of a run that is to be loaded for the place. */
export function partOf(place: PlaceInRun | undefined): WantedPart {
  if (!place || place.step === 0) return {};
  return { step: place.step, ...(place.seq !== undefined && { seq: place.seq }) };
}

/** Files that the place is about, relative to the workspace, nearest first. */
export function filesOf(run: Run, place: PlaceInRun): string[] {
  const step = run.steps.find((each) => each.step === place.step);
  const named = place.path === undefined ? [] : [place.path];
  const item = step && itemAt(step, place);
  const own = item ? touchedBy(item) : [];
  if (named.length + own.length > 0) return unique([...named, ...own]);
  // What a failing generation was told last is the likeliest cause.
  const upTo = run.steps.filter((each) => each.step <= place.step).reverse();
  for (const each of upTo) {
    const touched = each.items.flatMap(touchedBy).reverse();
    if (touched.length > 0) return unique(touched);
  }
  return [];
}

/** The item that an event or a tool call belongs to: an item is known by the event it began with. */
export function itemAt(step: Step, { seq, toolCallId }: Omit<PlaceInRun, "step">): StepItem | undefined {
  const called = step.items.find((item) => item.kind === "toolCall" && item.toolCallId === toolCallId);
  if (called) return called;
  return seq === undefined ? undefined : step.items.findLast((item) => item.seq <= seq);
}

function touchedBy(item: StepItem): string[] {
  if (item.kind !== "toolCall") return [];
  const touched = (item.touched ?? []).filter(({ change }) => change !== "delete");
  const changed = touched.filter(({ change }) => change !== "read");
  return (changed.length > 0 ? changed : touched).map(({ path }) => path);
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
