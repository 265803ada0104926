/** Which failed run is meant: of what was pointed at, of what is near, or the newest one. */
import type { RunSummary } from "../../app/runIndex";
import type { CommandParts } from "./commandParts";
import { currentTarget, pickRun, targetOf } from "./commandTarget";

/**
 * What was pointed at. Without that: the selected row's run (a run that starts is selected), the open log's, the
 * newest one; those that ended badly before those that only recovered from something.
 */
export async function failedRun(argument: unknown, parts: CommandParts): Promise<string | undefined> {
  const { app, runsView } = parts;
  const given = targetOf(argument, parts);
  if (given) return given.dir;
  const near = [targetOf(runsView.view.selection[0], parts), currentTarget(parts)].map((each) => each?.dir);
  const runs = [...near.map((dir) => (dir === undefined ? undefined : app.runs.get(dir))), ...app.runs.list()];
  const failed = runs.filter((run) => run !== undefined).filter(hasFailure);
  const worst = failed.find(({ failure }) => failure?.grade !== "recovered");
  return (worst ?? failed[0])?.dir ?? (await pickRun(parts, "Choose a run"))?.dir;
}

export function hasFailure({ failure }: RunSummary): boolean {
  return failure !== undefined;
}
