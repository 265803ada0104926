/** Which runs are meant: all, those of a job, or one, by id or by the beginning of an id. */
import type { RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import { oneLine } from "../model/plainText";

const named = 10;

/** @throws UserError where no id fits, or more than one; it says which there are. */
export function findRuns(
  all: readonly RunSummary[],
  { job, run }: { job?: string | undefined; run?: string | undefined },
  root: string,
): readonly RunSummary[] {
  const ofJob = job === undefined ? all : withId(all, "job", job, ({ jobId }) => jobId, root);
  return run === undefined ? ofJob : withId(ofJob, "run", run, ({ runId }) => runId, root);
}

function withId(
  runs: readonly RunSummary[],
  kind: "job" | "run",
  wanted: string,
  idOf: (run: RunSummary) => string,
  root: string,
): readonly RunSummary[] {
  const ids = [...new Set(runs.map(idOf))];
  const fitting = ids.includes(wanted) ? [wanted] : ids.filter((id) => wanted !== "" && id.startsWith(wanted));
  const [id] = fitting;
  if (id !== undefined && fitting.length === 1) return runs.filter((run) => idOf(run) === id);
  const name = oneLine(wanted, 80);
  if (fitting.length > 1) throw new UserError(`“${name}” fits more than one ${kind}: ${list(fitting)}.`);
  const there = ids.length > 0 ? `There are, newest first: ${list(ids)}.` : "There are no runs yet.";
  throw new UserError(`There is no ${kind} “${name}” in ${root}. ${there}`);
}

function list(ids: readonly string[]): string {
  const more = ids.length > named ? ` and ${ids.length - named} more` : "";
  return `${ids
    .slice(0, named)
    .map((id) => oneLine(id, 130))
    .join(", ")}${more}`;
}
