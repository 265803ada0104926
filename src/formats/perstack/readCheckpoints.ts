/** The checkpoints of a job of Perstack, where its code writes them and where its documentation says, and the one to go on from. */
import { basename, join } from "node:path";
import { Checkpoint } from "../../model/checkpoint";
import type { FormatProblem } from "../format";
import { readJsonFile } from "../jsonFile";
import { readTime } from "../readTime";
import { openSourceFiles, type SourceFiles } from "../sourceFiles";
import { filesIn, type PerstackRunFolder, perstackRunFolders } from "./perstackRecord";

export interface StoredCheckpoint {
  checkpoint: Checkpoint;
  file: string;
  /** Unix ms: of the name where that has one, else of the file. */
  timestamp: number;
}

const inRunFolder = /^checkpoint-(?<timestamp>\d+)-(?<step>\d+)-(?<id>.+)\.json$/u;

/** Ordered by step; those of run folders with a journal are ours and left out. */
export async function readPerstackCheckpoints(
  jobDir: string,
  signal?: AbortSignal,
): Promise<{ checkpoints: StoredCheckpoint[]; problems: FormatProblem[] }> {
  const source = openSourceFiles(jobDir, signal);
  const checkpoints = await readCheckpoints(source, jobDir, await perstackRunFolders(source, jobDir));
  return { checkpoints, problems: source.problems.sort((a, b) => (a.file < b.file ? -1 : 1)) };
}

export async function readCheckpoints(
  source: SourceFiles,
  jobDir: string,
  folders: readonly PerstackRunFolder[],
): Promise<StoredCheckpoint[]> {
  const shared = (await filesIn(source, join(jobDir, "checkpoints")))
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(jobDir, "checkpoints", name));
  const own = folders.flatMap(({ dir, files }) =>
    files.filter((name) => inRunFolder.test(name)).map((name) => join(dir, name)),
  );
  const checkpoints: StoredCheckpoint[] = [];
  await source.each([...shared, ...own], async (file) => {
    const value = await readJsonFile(source, file);
    if (value === undefined) return;
    const parsed = parseCheckpoint(value);
    if ("problem" in parsed) {
      source.problems.push({ file, reason: parsed.problem });
      return;
    }
    const named = inRunFolder.exec(basename(file))?.groups?.timestamp;
    const timestamp = readTime(Number(named)) ?? (await source.look(file))?.modifiedAt ?? 0;
    checkpoints.push({ ...parsed, file, timestamp });
  });
  nameDelegators(checkpoints);
  return checkpoints.sort(
    (a, b) =>
      a.checkpoint.stepNumber - b.checkpoint.stepNumber || a.timestamp - b.timestamp || (a.file < b.file ? -1 : 1),
  );
}

/** A checkpoint from outside in our schema, which is Perstack's. */
export function parseCheckpoint(value: unknown): { checkpoint: Checkpoint } | { problem: string } {
  const parsed = Checkpoint.safeParse(withDelegator(value));
  if (parsed.success) return { checkpoint: parsed.data };
  const issue = parsed.error.issues[0];
  return { problem: `Not a checkpoint: ${issue ? `${issue.path.join(".")}: ${issue.message}` : "not readable"}` };
}

/** 0.0.46 named the checkpoint that delegated, but not its run. */
function withDelegator(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("delegatedBy" in value)) return value;
  const { delegatedBy } = value;
  const isComplete = typeof delegatedBy !== "object" || delegatedBy === null || "runId" in delegatedBy;
  return isComplete ? value : { ...value, delegatedBy: { ...delegatedBy, runId: "" } };
}

function nameDelegators(checkpoints: readonly StoredCheckpoint[]): void {
  const runIds = new Map(checkpoints.map(({ checkpoint: { id, runId } }) => [id, runId]));
  for (const { checkpoint } of checkpoints) {
    const by = checkpoint.delegatedBy;
    if (by?.runId === "") by.runId = runIds.get(by.checkpointId) ?? "";
  }
}
