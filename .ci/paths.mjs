/** Where things lie in this checkout. Node's own modules only: it is used before `npm ci`. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** @param {...string} parts */
export const inProject = (...parts) => join(projectRoot, ...parts);

/** The environment of a child process: the project's own tools (and its Node) come first. */
export function toolEnvironment(extra = {}) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    // What `npm run` adds describes this package and would mislead an npm that works in another folder.
    if (/^npm_(package|lifecycle|node)_|^npm_(command|execpath)$|^npm_config_(local_prefix|prefix)$/.test(name))
      delete env[name];
  }
  const bin = inProject("node_modules", ".bin");
  if (existsSync(bin))
    env.PATH = [bin, ...(env.PATH ?? "").split(delimiter).filter((entry) => entry !== bin)].join(delimiter);
  return { ...env, ...extra };
}
