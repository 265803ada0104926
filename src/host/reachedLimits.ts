/** Which of its limits a run stopped at: those that it needs more of to go on. */
import type { Run } from "../model/run";

export interface Limit {
  name: "maxSteps" | "maxTokens" | "maxCost";
  value: number;
  used: number;
}

export function reachedLimits({
  stopReason,
  limits,
  usage,
  cost = 0,
}: Pick<Run, "stopReason" | "limits" | "usage" | "cost">): Limit[] {
  if (!limits) return [];
  const { maxSteps, maxTokens, maxCost } = limits;
  if (stopReason === "maxSteps") return [{ name: "maxSteps", value: maxSteps, used: maxSteps }];
  if (stopReason !== "budget") return [];
  const budgets: Limit[] = [
    ...(maxTokens === undefined
      ? []
      : [{ name: "maxTokens" as const, value: maxTokens, used: usage?.totalTokens ?? 0 }]),
    ...(maxCost === undefined ? [] : [{ name: "maxCost" as const, value: maxCost, used: cost }]),
  ];
  const reached = budgets.filter(({ value, used }) => used >= value);
  // The job's other runs count as well: with none reached by this one alone, any may be.
  return reached.length > 0 ? reached : budgets;
}
