/** The folders that the setting `runtrail.runFolders` names, as absolute paths. */
import * as path from "node:path";
import type { RunRoot } from "../app/runIndex";

/**
 * Entries that are no text, or empty, are left out.
 * @param folders of the workspace: what is relative is meant in each of them, and need not be there in all
 */
export function resolveRunFolders(entries: unknown, home: string, folders: readonly string[]): RunRoot[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown): RunRoot[] => {
    if (typeof entry !== "string" || entry.trim() === "") return [];
    const named = entry.trim();
    const place = named === "~" ? home : named.replace(/^~[\\/]/u, `${home}${path.sep}`);
    if (path.isAbsolute(place)) return [{ path: path.resolve(place), isAsked: true }];
    return folders.map((folder) => ({ path: path.resolve(folder, place), isAsked: folders.length === 1 }));
  });
}
