/** Where the tests find the project and put what they leave for people to look at. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** The samples of run folders that other programs wrote: beside the project where it is developed, and in CI. */
export const fixturesFolder = join(projectRoot, "..", "shared", "fixtures");
export const hasFixtures = existsSync(fixturesFolder);

/** The .vsix that `npm test` has packaged. */
export function packagePath(): string {
  const path = process.env.RUNTRAIL_VSIX;
  if (path === undefined) throw new Error("RUNTRAIL_VSIX names no package: run `npm test -- e2e`, which makes it.");
  return path;
}
