/**
 * `npm run -s runtrail -- <arguments>`: the terminal of this checkout, set up and built where needed, in the folder it
 * was called from. Standard output belongs to the command alone.
 */

import { pathToFileURL } from "node:url";
import { installPackages, useProjectNode } from "./bootstrap.mjs";
import { inProject } from "./paths.mjs";

const say = (line) => console.error(line);

try {
  await installPackages(say);
  await useProjectNode();
  const { ensureBuilt } = await import("./build.mjs");
  await ensureBuilt({ say });
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
// npm runs scripts in the package's folder and says here where the user was.
if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
const program = inProject("dist", "cli.js");
process.argv[1] = program;
await import(pathToFileURL(program).href);
