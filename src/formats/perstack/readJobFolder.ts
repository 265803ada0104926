/** A job folder of Perstack: its run folders' events; where those are gone, what its checkpoints tell. */
import { basename, dirname, join } from "node:path";
import type { ForeignRun, FormatProblem } from "../format";
import type { SourceFiles } from "../sourceFiles";
import { perstackRunFolders, readEventFiles } from "./perstackRecord";
import { readCheckpoints } from "./readCheckpoints";
import { recordsOfCheckpoints } from "./recordsOfCheckpoints";
import { readRunSettings } from "./runSetting";
import { translateJob } from "./translateJob";

/** Run folders with a journal are ours and left out. */
export async function readJobFolder(
  source: SourceFiles,
  jobDir: string,
): Promise<{ runs: ForeignRun[]; problems: FormatProblem[] }> {
  const before = source.problems.length;
  const folders = await perstackRunFolders(source, jobDir);
  let records = await readEventFiles(source, jobDir, folders);
  const settings = await readRunSettings(source, folders);
  if (records.length === 0) records = recordsOfCheckpoints(await readCheckpoints(source, jobDir, folders));
  return translateJob({
    jobId: basename(jobDir),
    records,
    problems: source.problems.splice(before).sort((a, b) => (a.file < b.file ? -1 : 1)),
    settings,
    ...(await workspaceOf(source, jobDir)),
    dirOf: (runId) => join(jobDir, "runs", runId),
  });
}

/** Perstack writes below the folder that it was called in, and reads the definition there first. */
async function workspaceOf(source: SourceFiles, jobDir: string): Promise<{ workspace?: string; definition?: string }> {
  const jobs = dirname(jobDir);
  if (basename(jobs) !== "jobs" || basename(dirname(jobs)) !== "perstack") return {};
  const workspace = dirname(dirname(jobs));
  const definition = join(workspace, "perstack.toml");
  return { workspace, ...((await source.look(definition)) && { definition }) };
}
