/** How a job goes on: its newest run in place, a new run behind it, or a branch from one of its checkpoints. */
import { stat } from "node:fs/promises";
import { UserError } from "../base/errors";
import type { InputRequest, RunEvent } from "../model/events";
import { runOf } from "../model/run";
import type { App, InputAnswer, ResumeRequest, RunChoices, RunConditions, RunHandle, StartFrom } from "./app";
import { requireDefinitionUpward } from "./findDefinitions";
import { loadWhole } from "./loadWhole";
import { pickId } from "./pickId";
import type { RunIndex, RunSummary } from "./runIndex";

export interface GoOnWish {
  /** May be empty. */
  query: string;
  answers: readonly GivenAnswer[];
  /** A checkpoint of the job (the beginning of its id is enough); default: the newest run goes on from its end. */
  resumeFrom?: string | undefined;
}

export interface GivenAnswer {
  text: string;
  /** Default: the first call that waits. */
  toolCallId?: string | undefined;
}

export type GoOnPlan =
  | { kind: "resume"; run: RunSummary; answers: readonly InputAnswer[] }
  | { kind: "start"; run: RunSummary; from: StartFrom; query: string; answers: readonly InputAnswer[] };

/**
 * @param ofJob the runs of one job, newest first
 * @param howToAnswer what the user is told who forgets that the run waits for an answer
 * Throws `UserError` where the job cannot go on in this way.
 */
export async function planGoingOn(
  ofJob: readonly RunSummary[],
  wish: GoOnWish,
  { runs, howToAnswer }: { runs: RunIndex; howToAnswer(run: RunSummary): string },
): Promise<GoOnPlan> {
  const { query, resumeFrom } = wish;
  if (resumeFrom !== undefined) {
    const { run, checkpointId, open } = await findCheckpoint(ofJob, resumeFrom, runs);
    const answers = assignAnswers(wish.answers, open);
    return { kind: "start", run, from: { kind: "resume", dir: run.dir, checkpointId }, query, answers };
  }
  // The branch one is on is the one that was begun last; a delegate goes on with the run that called it.
  const run = ofJob.find(({ parentRunId }) => parentRunId === undefined);
  if (!run) throw new UserError("The job has no run of its own to go on with.");
  if (run.status === "running") {
    throw new UserError(`The run ${run.runId} has not ended yet. Wait for its end, or stop it, before you go on.`);
  }
  const open = run.inputRequests ?? [];
  if (open.length > 0 && wish.answers.length === 0) throw new UserError(howToAnswer(run));
  const answers = assignAnswers(wish.answers, open);
  if (answers.length > 0 || query.trim() === "") return { kind: "resume", run, answers };
  return { kind: "start", run, from: { kind: "continue", dir: run.dir }, query, answers };
}

export interface GoOnTerms extends Omit<RunChoices, "jobId">, RunConditions {
  workspaceRoot: string;
  definitionPath: string;
  by: ResumeRequest["by"];
}

export async function launchPlan(app: App, plan: GoOnPlan, terms: GoOnTerms): Promise<RunHandle> {
  const { workspaceRoot, definitionPath, by, ...choices } = terms;
  const { run, answers } = plan;
  if (plan.kind === "resume") return await app.resume({ ...choices, definitionPath, dir: run.dir, answers, by });
  const { from, query } = plan;
  return await app.start({ ...choices, definitionPath, workspaceRoot, expertKey: run.expertKey, query, from, answers });
}

/** The run's own where it is still there, else the nearest of its workspace. Throws `UserError` where there is none. */
export async function definitionFor({ definitionPath }: RunSummary, workspaceRoot: string): Promise<string> {
  const stats = definitionPath === undefined ? undefined : await stat(definitionPath).catch(() => undefined);
  return definitionPath !== undefined && stats ? definitionPath : await requireDefinitionUpward(workspaceRoot);
}

interface FoundCheckpoint {
  run: RunSummary;
  checkpointId: string;
  /** What it waits for. */
  open: readonly InputRequest[];
}

async function findCheckpoint(ofJob: readonly RunSummary[], wanted: string, runs: RunIndex): Promise<FoundCheckpoint> {
  const found = new Map<string, { run: RunSummary; events: readonly RunEvent[] }>();
  for (const run of ofJob) {
    const { events } = await loadWhole(runs, run.dir);
    for (const id of checkpointsOf(events)) if (!found.has(id)) found.set(id, { run, events });
  }
  const where = `the job ${ofJob[0]?.jobId ?? ""}`;
  const checkpointId = pickId([...found.keys()], wanted, { kind: "checkpoint", where });
  const place = found.get(checkpointId);
  if (!place) throw new Error("A checkpoint that was picked is there.");
  const end = place.events.findIndex((event) => "checkpointId" in event && event.checkpointId === checkpointId);
  return { run: place.run, checkpointId, open: runOf(place.events.slice(0, end + 1))?.inputRequests ?? [] };
}

/** Newest first. One that only names where it goes on from is not a place of its own. */
function checkpointsOf(events: readonly RunEvent[]): string[] {
  const ids = events.flatMap((event) =>
    "checkpointId" in event && event.checkpointId !== undefined && event.type !== "resumeRun"
      ? [event.checkpointId]
      : [],
  );
  return [...new Set(ids)].reverse();
}

function assignAnswers(given: readonly GivenAnswer[], open: readonly InputRequest[]): InputAnswer[] {
  if (given.length > 0 && open.length === 0) {
    throw new UserError("Nothing waits for an answer there. Leave the answer out, or say it as a query.");
  }
  const named = new Set(given.map(({ toolCallId }) => toolCallId));
  const unnamed = open.filter(({ toolCallId }) => !named.has(toolCallId)).values();
  return given.map(({ text, toolCallId }) => {
    if (toolCallId !== undefined && open.every((each) => each.toolCallId !== toolCallId)) {
      const waiting = open.map((each) => `${each.toolCallId} (${each.tool})`).join(", ");
      throw new UserError(`The call ${toolCallId} waits for no answer. These do: ${waiting}.`);
    }
    const id = toolCallId ?? unnamed.next().value?.toolCallId;
    if (id === undefined) throw new UserError(`There are more answers than questions: ${open.length} wait.`);
    return { toolCallId: id, text };
  });
}
