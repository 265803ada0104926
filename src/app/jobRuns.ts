/** Recorded runs as another system's format takes them: whole, with what they went on from and how they were defined. */
import { messageOf } from "../base/errors";
import type { RunToWrite } from "../formats/format";
import { readRunExpert } from "../store/readRunExpert";
import { readRecordedRun } from "./goOnWith";
import type { RunProblem } from "./runIndex";

export interface JobRun extends RunToWrite {
  dir: string;
}

/** @param dirs of runs of one job. A run that cannot be read is a problem, not a failure. */
export async function readJobRuns(dirs: readonly string[]): Promise<{ runs: JobRun[]; problems: RunProblem[] }> {
  const runs: JobRun[] = [];
  const problems: RunProblem[] = [];
  for (const dir of dirs) {
    try {
      const { events, base, run } = await readRecordedRun(dir);
      runs.push({ dir, events, base, expert: await readRunExpert(dir, run.expertKey) });
    } catch (error) {
      problems.push({ file: dir, reason: messageOf(error) });
    }
  }
  return { runs, problems };
}
