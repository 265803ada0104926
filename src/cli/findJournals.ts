/** Our own journals at and below a folder, wherever they were copied to: a bounded walk that follows no link. */
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseJson } from "../base/lines";

const journalName = "events.jsonl";
/** The workspace of a package in a repository: packages/x/perstack/jobs/…/runs/… */
const maxDepth = 8;
const maxFolders = 20_000;
const headBytes = 64 * 1024;
const maxLines = 20;
const ownKeys = ["type", "jobId", "runId", "seq", "expertKey"] as const;

/** Sorted. */
export async function findJournals(folder: string): Promise<string[]> {
  const found: string[] = [];
  let level = [folder];
  let looked = 0;
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth += 1) {
    const next: string[] = [];
    for (const dir of level) {
      if (looked++ > maxFolders) return found;
      const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
      const isJournaled = entries.some((entry) => entry.name === journalName && entry.isFile());
      if (isJournaled && (await isOurJournal(join(dir, journalName)))) found.push(join(dir, journalName));
      for (const entry of entries) {
        // What is about to be deleted begins with a dot as well.
        const isSkipped = entry.name.startsWith(".") || entry.name === "node_modules";
        if (entry.isDirectory() && !isSkipped) next.push(join(dir, entry.name));
      }
    }
    level = next;
  }
  return found.sort();
}

/** Whether one of its first lines is an event of ours: those have a place in their run. */
export async function isOurJournal(file: string): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString("utf8", 0, bytesRead).split("\n", maxLines).some(isOurs);
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

/** A long first line is cut: what ties an event to its run stands at its beginning. */
function isOurs(line: string): boolean {
  const value = parseJson(line);
  if (value === undefined) return line.length > 2_000 && ownKeys.every((key) => line.includes(`"${key}":`));
  return typeof value === "object" && value !== null && ownKeys.every((key) => key in value);
}
