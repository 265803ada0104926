/** The runs among which a command looks for the one that is named by a path, an id, or not at all. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { openShelf, type RunShelf } from "./runShelf";

export interface WantedRun {
  shelf: RunShelf;
  /** Of the run, or its beginning; absent where the command chooses. */
  id: string | undefined;
  /** Whether a path was named, whose own problems are told then. */
  isPath: boolean;
}

/** @param wanted a path where there is one, else an id. Throws `UserError`. */
export async function openWanted(
  wanted: string | undefined,
  { workspace, run }: { workspace?: string; run?: string },
  cwd: string,
): Promise<WantedRun> {
  const isPath = wanted !== undefined && existsSync(resolve(cwd, wanted));
  const shelf = await openShelf(isPath ? { path: wanted, workspace } : { workspace }, cwd);
  return { shelf, id: isPath ? run : (wanted ?? run), isPath };
}
