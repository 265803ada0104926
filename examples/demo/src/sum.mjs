/** The sum of a list of numbers; of none, it is 0. */
export function sum(numbers) {
  let total = 0;
  for (let index = 1; index < numbers.length; index++) {
    total += numbers[index];
  }
  return total;
}
