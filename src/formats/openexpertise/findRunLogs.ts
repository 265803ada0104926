/** Where run logs of OpenExpertise lie: in the experiences at and below a folder. */
import { basename, dirname } from "node:path";
import { type FolderTree, walkFiles } from "../walkFiles";

/** Folders with installed experiences that are looked into: each is as deep in the one before as that is in its own. */
const mostInstalled = 20;

/**
 * Of an experience, its `.openexpertise` or `runs` folder, or anything above. Throws the signal's reason where it is aborted.
 */
export async function* findRunLogs(folder: string, signal?: AbortSignal, tree?: FolderTree): AsyncIterable<string> {
  const roots = [folder];
  const isEntered = (path: string) => {
    if (basename(dirname(path)) !== ".openexpertise") return true;
    if (basename(path) === "experiences" && roots.length <= mostInstalled) roots.push(path);
    return basename(path) === "runs";
  };
  for (const root of roots) {
    for await (const file of walkFiles(root, signal, isEntered, tree)) {
      if (file.endsWith(".jsonl") && experienceFolderOf(file) !== undefined) yield file;
    }
  }
}

/** `<experience>/.openexpertise/runs/<run-id>.jsonl`; `undefined` for a log that lies elsewhere. */
export function experienceFolderOf(file: string): string | undefined {
  const runs = dirname(file);
  const store = dirname(runs);
  return basename(runs) === "runs" && basename(store) === ".openexpertise" ? dirname(store) : undefined;
}
