/** Which runs are meant: all, those of a job, or one, by id or by the beginning of an id. */
import { pickId } from "../app/pickId";
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";

/** @throws UserError where no id fits, or more than one; it says which there are. */
export function findRuns(
  all: readonly RunSummary[],
  { job, run }: { job?: string | undefined; run?: string | undefined },
  root: string,
): readonly RunSummary[] {
  const ofJob = job === undefined ? all : withId(all, "job", job, ({ jobId }) => jobId, root);
  return run === undefined ? ofJob : withId(ofJob, "run", run, ({ runId }) => runId, root);
}

/** @throws UserError */
export function findRun(all: readonly RunSummary[], id: string, root: string): RunSummary {
  const [run] = findRuns(all, { run: id }, root);
  if (!run) throw new UserError(`There is no run “${id}” in ${root}.`);
  return run;
}

function withId(
  runs: readonly RunSummary[],
  kind: "job" | "run",
  wanted: string,
  idOf: (run: RunSummary) => string,
  root: string,
): readonly RunSummary[] {
  const id = pickId([...new Set(runs.map(idOf))], wanted, { kind, where: root });
  return runs.filter((run) => idOf(run) === id);
}
