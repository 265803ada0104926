/** Which run is to be gone on with: the one that was pointed at, else the current one, else the one the user picks. */
import type { RunSummary } from "../../app/runIndex";
import { workspaceOf } from "../../app/workspaceOf";
import { UserError } from "../../base/errors";
import type { CommandParts } from "./commandParts";
import { type RunTarget, resolveTarget, targetOf } from "./commandTarget";

/** What is to be started again needs its definition. */
export type KnownRun = RunSummary & { definitionPath: string };

/** The run that is meant, if it can be gone on with. Throws `UserError` for one that was pointed at and cannot. */
export async function chooseRun(
  argument: unknown,
  parts: CommandParts,
  question: string,
  filter: (run: RunSummary) => boolean,
): Promise<(RunTarget & { run: KnownRun }) | undefined> {
  const target = targetOf(argument, parts) ?? (await resolveTarget(undefined, parts, question, filter));
  const run = target && parts.app.runs.get(target.dir);
  if (!target || !run) return undefined;
  if (run.root !== undefined) {
    const whose = run.sourceLabel === undefined ? "was opened" : `of ${run.sourceLabel} is there`;
    throw new UserError(`This run ${whose} to be looked at: it cannot be gone on with or repeated from here.`);
  }
  const definitionPath = definitionOf(run, parts);
  if (definitionPath === undefined) {
    throw new UserError(
      `This run does not say which definition it came from, and no perstack.toml beside it defines “${run.expertKey}”.`,
    );
  }
  return { ...target, run: { ...run, definitionPath } };
}

/** Where it says none, as one of another system does, the nearest of its workspace that defines the expert. */
function definitionOf(run: RunSummary, { definitions }: CommandParts): string | undefined {
  if (run.definitionPath !== undefined) return run.definitionPath;
  const root = workspaceOf(run.dir);
  const paths = definitions
    .list()
    .filter(({ path, experts }) => path.startsWith(root) && experts.some(({ key }) => key === run.expertKey))
    .map(({ path }) => path);
  return paths.sort((a, b) => a.length - b.length)[0];
}

/** A branch of a run keeps its model. */
export async function modelOf(parts: CommandParts, dir: string): Promise<{ provider?: string; model?: string }> {
  const { provider, model } = (await parts.app.runs.load(dir)).run;
  return { ...(provider !== undefined && { provider }), ...(model !== undefined && { model }) };
}

export function isContinuable({ status, parentRunId, root }: RunSummary): boolean {
  return status !== "running" && parentRunId === undefined && root === undefined;
}

export function isResumable(run: RunSummary): boolean {
  return isContinuable(run) && run.status !== "finished";
}

export function isRetryable(run: RunSummary): boolean {
  return isContinuable(run) && run.failure !== undefined;
}
