/** Makes one file of a TypeScript program of the tests, for a process of its own that starts fast. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { projectRoot } from "./projectPaths";

/** @param name of a file in `test/support`, without its ending @returns the path of the program */
export async function bundleProgram(name: string): Promise<string> {
  const outfile = join(await mkdtemp(join(tmpdir(), "runtrail-program-")), `${name}.mjs`);
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [`test/support/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "warning",
  });
  return outfile;
}
