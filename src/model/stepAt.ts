/** A step of a run by its number; 0 is what happened before the first. And whether none comes after it. */
import type { Run, Step } from "./run";

export function stepAt(run: Run, step: number): Step | undefined {
  if (step > 0) return run.steps.find((each) => each.step === step);
  return run.preparation.length > 0 ? { step: 0, startedAt: run.startedAt, items: run.preparation } : undefined;
}

/** Of a part of a run, the last step that is there need not be the run's. */
export function isLastStep(run: Run, step: Step): boolean {
  return step === run.steps.at(-1) && (run.omitted === undefined || step.step === run.lastStep);
}
