/** Which workspace a command is about that runs nothing: the one named, else the nearest. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { UserError } from "../base/errors";
import { layout } from "../store/layout";

/** Throws `UserError` for a folder that is not there. */
export function workspaceRootOf(cwd: string, named: string | undefined): string {
  const root = named === undefined ? nearestRoot(cwd) : resolve(cwd, named);
  if (!existsSync(root)) throw new UserError(`There is no folder ${root}.`);
  return root;
}

/** The nearest folder upward that has runs or a definition; where there is none, the current one. */
function nearestRoot(cwd: string): string {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(layout.jobs(folder)) || existsSync(join(folder, "perstack.toml"))) return folder;
    if (dirname(folder) === folder) return cwd;
  }
}
