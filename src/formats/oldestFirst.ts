/** Runs in the order in which they began. */
import type { ForeignRun } from "./format";

export function oldestFirst(runs: readonly ForeignRun[]): ForeignRun[] {
  const startOf = ({ events }: ForeignRun) => events[0]?.timestamp ?? 0;
  return [...runs].sort((a, b) => startOf(a) - startOf(b));
}
