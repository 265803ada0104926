/** A job folder of Perstack: its run folders' events; where those are gone, what its checkpoints tell. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ForeignRun, FormatProblem } from "../format";
import { readEventFiles } from "./perstackRecord";
import { readPerstackCheckpoints } from "./readCheckpoints";
import { recordsOfCheckpoints } from "./recordsOfCheckpoints";
import { readRunSettings } from "./runSetting";
import { translateJob } from "./translateJob";

/** Run folders with a journal are ours and left out. */
export async function readJobFolder(
  jobDir: string,
  signal?: AbortSignal,
): Promise<{ runs: ForeignRun[]; problems: FormatProblem[] }> {
  const [events, { settings, problems }, workspace] = await Promise.all([
    readEventFiles(jobDir, signal),
    readRunSettings(jobDir, signal),
    workspaceOf(jobDir),
  ]);
  const found = [...events.problems, ...problems];
  let { records } = events;
  if (records.length === 0) {
    const checkpoints = await readPerstackCheckpoints(jobDir, signal);
    records = recordsOfCheckpoints(checkpoints.checkpoints);
    found.push(...checkpoints.problems);
  }
  return translateJob({
    jobId: basename(jobDir),
    records,
    problems: found,
    settings,
    ...workspace,
    dirOf: (runId) => join(jobDir, "runs", runId),
  });
}

/** Perstack writes below the folder that it was called in, and reads the definition there first. */
async function workspaceOf(jobDir: string): Promise<{ workspace?: string; definition?: string }> {
  const jobs = dirname(jobDir);
  if (basename(jobs) !== "jobs" || basename(dirname(jobs)) !== "perstack") return {};
  const workspace = dirname(dirname(jobs));
  const definition = join(workspace, "perstack.toml");
  const isThere = await stat(definition).then(
    (stats) => stats.isFile(),
    () => false,
  );
  return { workspace, ...(isThere && { definition }) };
}
