/** What a run has used: its own generations plus its delegates, each counted once however often it is told. */
import { addUsage, noUsage, sumUsage } from "./addUsage";
import type { Usage } from "./usage";

/** Plain data; the functions give a new one. `cost` in USD, absent where it is not known. */
export interface Spending {
  readonly own: Usage;
  readonly ownCost?: number;
  /** Whether a generation was paid for whose price is not known: the cost then stays unknown. */
  readonly isPriceMissing?: true;
  /** By run id: all that the delegate has used, its own delegates included. */
  readonly delegates: Readonly<Record<string, { usage: Usage; cost?: number }>>;
}

export const noSpending: Spending = { own: noUsage, delegates: {} };

/** A generation that failed before it was paid for changes nothing. */
export function spendGeneration(
  spending: Spending,
  { usage, cost, error }: { usage?: Usage | undefined; cost?: number | undefined; error?: unknown },
): Spending {
  if (error && !usage) return spending;
  const own = addUsage(spending.own, usage);
  if (cost === undefined) return { ...withoutCost(spending), own, isPriceMissing: true };
  return spending.isPriceMissing ? { ...spending, own } : { ...spending, own, ownCost: (spending.ownCost ?? 0) + cost };
}

/** Takes the place of what was known of this delegate before. */
export function spendDelegate(
  spending: Spending,
  runId: string,
  { totalUsage, cost }: { totalUsage?: Usage | undefined; cost?: number | undefined },
): Spending {
  if (!totalUsage) return spending;
  const spent = { usage: totalUsage, ...(cost !== undefined && { cost }) };
  return { ...spending, delegates: { ...spending.delegates, [runId]: spent } };
}

/** The same in place, for who owns it: of thousands of delegates, no copy is made with each. */
export function addDelegate(
  { delegates }: Spending,
  runId: string,
  { totalUsage, cost }: { totalUsage?: Usage | undefined; cost?: number | undefined },
): void {
  if (!totalUsage) return;
  const value = { usage: totalUsage, ...(cost !== undefined && { cost }) };
  // An id may be "__proto__".
  Object.defineProperty(delegates, runId, { value, enumerable: true, writable: true, configurable: true });
}

export function totalUsageOf({ own, delegates }: Spending): Usage {
  const others = Object.values(delegates);
  return others.length === 0 ? own : sumUsage(own, others);
}

/** `undefined` before the first generation, and once a part of it is not known. */
export function totalCostOf({ own, ownCost, isPriceMissing, delegates }: Spending): number | undefined {
  if (isPriceMissing) return undefined;
  let total = ownCost;
  for (const { usage, cost } of Object.values(delegates)) {
    if (cost === undefined && usage.totalTokens > 0) return undefined;
    if (cost !== undefined) total = (total ?? 0) + cost;
  }
  return total ?? (own.totalTokens > 0 ? undefined : total);
}

function withoutCost({ ownCost: _, ...rest }: Spending): Spending {
  return rest;
}
