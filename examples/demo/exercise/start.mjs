/** Puts the exercise's fault back into src/sum.mjs, so that it can be found and mended any number of times. */
import { copyFileSync } from "node:fs";

copyFileSync(new URL("sum.mjs", import.meta.url), new URL("../src/sum.mjs", import.meta.url));
console.log("The exercise is set up: src/sum.mjs holds the fault again.");
