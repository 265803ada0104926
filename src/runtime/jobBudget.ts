/** What a job may use of tokens and money, over all its runs. */
import { addUsage } from "../model/addUsage";
import type { Limits } from "../model/events";
import { formatCost } from "../model/formatting";
import type { Usage } from "../model/usage";
import type { JobBudget } from "./ports";

/**
 * @param spent what earlier runs of the job used; USD
 * @returns `undefined` where nothing limits the job
 */
export function createJobBudget(
  { maxTokens, maxCost }: Pick<Limits, "maxTokens" | "maxCost">,
  spent: { usage: Usage; cost: number },
): JobBudget | undefined {
  if (maxTokens === undefined && maxCost === undefined) return undefined;
  let { usage, cost } = spent;
  return {
    spend(more, moreCost) {
      usage = addUsage(usage, more);
      cost += moreCost ?? 0;
    },
    exceeded() {
      const tokens = usage.totalTokens;
      if (maxTokens !== undefined && tokens >= maxTokens) {
        return `The budget of ${maxTokens} tokens for the job is used up (${tokens}). Go on with a higher one.`;
      }
      if (maxCost !== undefined && cost >= maxCost) {
        return `The budget of ${maxCost} USD for the job is used up (${formatCost(cost)}). Go on with a higher one.`;
      }
      return undefined;
    },
  };
}
