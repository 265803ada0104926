/** Takes out of a run what only its steps tell, so that one that goes on for days does not grow: its facts stay exact. */
import type { RunEvent } from "./events";
import type { Failure } from "./failure";
import { isUntouched } from "./nodeItems";
import type { Run, Step } from "./run";

/** Of the newest, before the one to jump to. */
export const mostFailures = 1000;
/** Notes of what happened before the first step: the newest. */
export const mostPreparation = 1000;

/**
 * Leaves the steps and items that `events` tell of, in place (the caller owns the run).
 * @param events the newest of the run, without a gap
 */
export function trimRun(run: Run, events: readonly RunEvent[]): void {
  const kept = new Set(events.map(({ step }) => step));
  const firstSeq = events[0]?.seq ?? Number.POSITIVE_INFINITY;
  const dropped = run.steps.filter(({ step }) => !kept.has(step));
  if (dropped.length > 0) {
    const { count = 0, upTo = 0 } = run.omitted ?? {};
    run.omitted = {
      count: count + dropped.filter((step) => !isUntouched(step)).length,
      upTo: dropped.reduce((highest, { step }) => Math.max(highest, step), upTo),
    };
    run.steps = run.steps.filter(({ step }) => kept.has(step));
  }
  for (const step of run.steps) dropItems(step, firstSeq);
  run.failures = trimFailures(run.failures);
  if (run.preparation.length > mostPreparation) run.preparation = run.preparation.slice(-mostPreparation);
}

/** The newest ones, after the one that `failingStepOf` gives where it is older. */
export function trimFailures(failures: readonly Failure[], most = mostFailures): Failure[] {
  const newest = failures.slice(-most);
  const older = failures.slice(0, -most);
  const lastOf = (grade: Failure["grade"]) =>
    newest.some((failure) => failure.grade === grade)
      ? undefined
      : older.findLast((failure) => failure.grade === grade);
  const last = [lastOf("blocked"), lastOf("fatal")].filter((failure) => failure !== undefined);
  return [...last.sort((a, b) => a.seq - b.seq), ...newest];
}

function dropItems(step: Step, firstSeq: number): void {
  if ((step.items[0]?.seq ?? firstSeq) >= firstSeq) return;
  step.items = step.items.filter(({ seq }) => seq >= firstSeq);
  const open = step.items.filter((item) => item.kind === "node" && item.finishedAt === undefined).length;
  if (open > 0) step.openNodes = open;
  else delete step.openNodes;
}
