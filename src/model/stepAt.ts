/** A step of a run by its number; 0 is what happened before the first. */
import type { Run, Step } from "./run";

export function stepAt(run: Run, step: number): Step | undefined {
  if (step > 0) return run.steps.find((each) => each.step === step);
  return run.preparation.length > 0 ? { step: 0, startedAt: run.startedAt, items: run.preparation } : undefined;
}
