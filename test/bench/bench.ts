/** What a benchmark is: each test/bench/*.bench.ts exports one by default. */

export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  /** Against the row it is compared with. */
  ratio?: number;
  /** What the value (or the ratio, where there is one) must not pass; absent for a row that is only a measure to compare with. */
  limit?: string;
  ok: boolean;
}

export interface Bench {
  title: string;
  run(): Promise<BenchRow[]>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("There is no median of nothing.");
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
