/** `npm run watch`: builds the extension and the terminal again at every change, with source maps. */

import { rmSync } from "node:fs";
import { installPackages, useProjectNode } from "./bootstrap.mjs";
import { inProject } from "./paths.mjs";

try {
  await installPackages((line) => console.log(line));
  await useProjectNode();
  // From now on dist/ is no longer the build that the tests and the package want.
  rmSync(inProject("out", "meta", "built.txt"), { force: true });
  const { build } = await import("../esbuild.mjs");
  await Promise.all(["host", "node", "worker", "webview"].map((name) => build(name, { watch: true })));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
