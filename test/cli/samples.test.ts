/** `runtrail log` on the samples of other systems: whatever is named, it reads it or says in words that it cannot. */
import { readdir } from "node:fs/promises";
import { expect, it } from "vitest";
import { runCli } from "../../src/cli/runCli";
import { fixturesFolder, hasFixtures } from "../support/projectPaths";
import { createTestIo } from "./testIo";

/** Scenarios of Perstack, and files of a cache, are many and alike. */
const alike = /^perstack[^/]*\/(?!complete|delegate-parallel)|^perstack.*\/(?:runs|checkpoints)\/|\/cache\//u;

it.skipIf(!hasFixtures)(
  "every file and folder of the samples is read, or refused in one sentence",
  { timeout: 240_000 },
  async () => {
    const entries = (await readdir(fixturesFolder, { recursive: true })).map((entry) => entry.replaceAll("\\", "/"));
    const paths = entries.filter((entry) => !alike.test(entry));
    expect(paths.length).toBeGreaterThan(100);
    for (const path of [".", ...paths]) {
      const io = createTestIo({ cwd: fixturesFolder });
      const code = await runCli(["log", path, "--summary", "--json"], io);
      if (code !== 0) {
        expect([path, code, io.out()]).toEqual([path, 2, ""]);
        expect(io.err()).toMatch(/^Nothing in [^\n]+ can be read as runs\. [^\n]+\n$/u);
        continue;
      }
      const { source, runs, problems } = JSON.parse(io.out());
      expect([path, typeof source, Array.isArray(runs), Array.isArray(problems)]).toEqual([path, "string", true, true]);
      for (const { file } of problems) expect(file).toContain(fixturesFolder);
    }
  },
);
