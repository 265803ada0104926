import { average } from "../src/average.mjs";
import { sum } from "../src/sum.mjs";

const checks = [
  ["the sum of nothing", sum([]), 0],
  ["the sum of one number", sum([7]), 7],
  ["the sum of three numbers", sum([1, 2, 3]), 6],
  ["the average of nothing", average([]), undefined],
  ["the average of two numbers", average([2, 4]), 3],
];

let failed = 0;
for (const [name, actual, expected] of checks) {
  if (actual === expected) {
    console.log(`ok    ${name}`);
  } else {
    failed += 1;
    console.log(`FAIL  ${name}: expected ${expected}, got ${actual}`);
  }
}

console.log(`${checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
