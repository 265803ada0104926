import { sum } from "./sum.mjs";

/** The average of a list of numbers; of none, there is no average. */
export function average(numbers) {
  return numbers.length === 0 ? undefined : sum(numbers) / numbers.length;
}
