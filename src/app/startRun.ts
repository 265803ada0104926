/** From a request to a run under way: a new one, from nothing or from an earlier one, or one that goes on. */
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../base/errors";
import type { Run } from "../model/run";
import type { InputAnswer } from "../runtime/callOptions";
import type { Reaper } from "../runtime/reaper";
import { readJobRecord } from "../store/jobRecord";
import { checkId, layout } from "../store/layout";
import { isJournaled } from "../store/readJournal";
import { recoverRunAt } from "../store/recovery";
import { reopenRunFolder } from "../store/runFolder";
import type { AppHost, ResumeRequest, StartRequest } from "./app";
import { prepareGoingOn, readRecordedRun } from "./goOnWith";
import { type JobContext, openJob } from "./jobContext";
import { findExpert, prepareRun, type WantedRun } from "./prepareRun";
import { type LaunchedRun, launchRun, type RunListener } from "./runJob";
import { findStart } from "./startingPoint";
import { workspaceOf } from "./workspaceOf";

export interface StartPorts {
  host: AppHost;
  newId(): string;
  /** Ends the servers of skills with this process. */
  reaper: Reaper;
  runtimeVersion: string;
  listener: RunListener;
  /** Whether it is a run of this process that is over, though its end could not be recorded. */
  isLost(runId: string): boolean;
  /** Resolves when one more run may begin; it counts as going on until `signal` or the run is done. */
  turn(run: Promise<unknown>, signal: AbortSignal): Promise<void>;
}

/** Throws `UserError` for what is wrong with the request, the definition or the folder. */
export async function startRun(request: StartRequest, ports: StartPorts, signal: AbortSignal): Promise<LaunchedRun> {
  const { from } = request;
  if (request.query.trim() === "" && !from) throw new UserError("The query is empty. Say what the expert is to do.");
  if (request.jobId !== undefined) checkId("job", request.jobId);
  const start = from && (await findStart(from, request));
  const stays = start && from.kind !== "fork" && from.kind !== "rerun";
  const jobId = stays ? start.origin.jobId : (request.jobId ?? ports.newId());
  const job = await openJob({ ...request, jobId }, request, ports);
  const wanted = start
    ? await start.wantedIn(job)
    : { expertKey: request.expertKey, query: request.query, jobStep: await stepsOf(job) };
  findExpert(job, wanted.expertKey);
  const prepared = await prepareRun(job, { ...wanted, runId: ports.newId() } satisfies WantedRun);
  return await launchInTurn(job, prepared, ports, { signal });
}

/**
 * A run of another system is only read: it goes on as a new run of its job. Throws `UserError` where the run cannot go on.
 */
export async function resumeRun(request: ResumeRequest, ports: StartPorts, signal: AbortSignal): Promise<LaunchedRun> {
  const { dir, by: _, ...rest } = request;
  if (await isJournaled(dir)) return await resumeOwn(request, ports, signal);
  const { run } = await readRecordedRun(dir);
  checkCanGoOn(run, request.answers ?? []);
  const { expertKey } = run;
  const definitionPath = definitionOf(run, request);
  const workspaceRoot = workspaceOf(dir);
  const from = { kind: "resume" as const, dir };
  return await startRun({ ...rest, definitionPath, workspaceRoot, expertKey, query: "", from }, ports, signal);
}

async function resumeOwn(request: ResumeRequest, ports: StartPorts, signal: AbortSignal): Promise<LaunchedRun> {
  const { dir, answers = [], by } = request;
  // A process that died left it open, or a disk that was full: that is closed first, as it would be at the next start.
  await recoverRunAt(dir, { now: () => Date.now(), newId: ports.newId, isLost: ports.isLost });
  const { folder, healed } = await reopenRunFolder(dir, ports.newId, request.flush);
  if (healed) ports.host.reportError(healed, dir);
  try {
    const recorded = await readRecordedRun(dir);
    const { run } = recorded;
    if (run.parent) {
      throw new UserError(
        "This run is a delegate's. Go on with the run that called it: it goes on with its delegates.",
      );
    }
    checkCanGoOn(run, answers);
    const { provider = run.provider, model = run.model } = request;
    const place = {
      definitionPath: definitionOf(run, request),
      workspaceRoot: workspaceOf(dir),
      // The folder's, whatever the journal says.
      jobId: basename(dirname(dirname(dir))),
    };
    const job = await openJob(place, { ...run.limits, ...definedOnly(request), provider, model }, ports);
    checkStepsLeft(run.stopReason, run.steps.at(-1)?.step ?? 0, job);
    const prepared = await prepareGoingOn(job, recorded, { answers, by });
    if ("outcome" in prepared) throw new UserError(finished);
    return await launchInTurn(job, prepared, ports, { signal, folder });
  } catch (error) {
    await folder.close().catch(() => undefined);
    throw error;
  }
}

async function launchInTurn(
  job: JobContext,
  prepared: Parameters<typeof launchRun>[1],
  ports: StartPorts,
  options: Parameters<typeof launchRun>[3],
): Promise<LaunchedRun> {
  const ended = Promise.withResolvers<void>();
  const turn = ports.turn(ended.promise, options.signal);
  try {
    const launched = await launchRun(job, prepared, ports.listener, { ...options, turn });
    void launched.done.finally(() => ended.resolve());
    return launched;
  } catch (error) {
    ended.resolve();
    throw error;
  }
}

/** What the run was started with holds on, unless the request says otherwise. */
function definedOnly<T extends object>(request: T): T {
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as T;
}

const finished = "The run has finished. Continue it with a new query instead.";

function checkCanGoOn({ status, stopReason, inputRequests }: Run, answers: readonly InputAnswer[]): void {
  const open = stopReason === "input" ? inputRequests : [];
  if (status === "finished") throw new UserError(finished);
  checkAnswers(answers, open);
  if (open.length === 0 || answers.length > 0) return;
  throw new UserError(`The run waits for an answer: ${open.map(({ tool }) => tool).join(", ")}.`);
}

function definitionOf({ definition }: Run, { definitionPath }: ResumeRequest): string {
  if (definitionPath !== undefined) return definitionPath;
  if (definition) return fileURLToPath(definition.uri);
  throw new UserError("This run does not say which definition it came from. Name the perstack.toml to go on with.");
}

function checkAnswers(
  answers: readonly { toolCallId: string }[],
  open: readonly { toolCallId: string; tool: string }[],
): void {
  const unknown = answers.find(({ toolCallId }) => open.every((each) => each.toolCallId !== toolCallId));
  if (!unknown) return;
  const asked = open.map(({ toolCallId, tool }) => `${toolCallId} (${tool})`).join(", ");
  throw new UserError(
    `Nothing was asked by the call ${unknown.toolCallId}. ${asked ? `The run waits for: ${asked}.` : "The run waits for no answer."}`,
  );
}

function checkStepsLeft(reason: string | undefined, step: number, { limits }: JobContext): void {
  if (reason !== "maxSteps" || step < limits.maxSteps) return;
  throw new UserError(`The job is at its limit of ${limits.maxSteps} steps. Give a higher one to go on (--max-steps).`);
}

async function stepsOf(job: JobContext): Promise<number> {
  return (await readJobRecord(layout.job(job.root, job.jobId)))?.totalSteps ?? 0;
}
