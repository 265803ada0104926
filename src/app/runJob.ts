/** Runs the runs of a job: folder, records, loop, records again; a delegate's run is one more of the same kind. */
import { messageOf, UserError } from "../base/errors";
import { endsRun } from "../model/eventKinds";
import type { AnyEvent } from "../model/events";
import { redactError } from "../model/redact";
import { openWorkspace } from "../runtime/localWorkspace";
import type { DelegateOutcome, DelegateRequest, RunRecorder } from "../runtime/ports";
import { type RunOutcome, type RunSetup, runExpert } from "../runtime/runExpert";
import { eventError, toEventError } from "../runtime/runFailure";
import { readJobRecord } from "../store/jobRecord";
import { checkId, layout } from "../store/layout";
import { createRunFolder, type RunFolder, reopenRunFolder } from "../store/runFolder";
import { createApproval } from "./createApproval";
import { prepareGoingOn, readRecordedRun } from "./goOnWith";
import type { JobContext } from "./jobContext";
import { type PreparedRun, prepareRun } from "./prepareRun";
import { createRunRecords } from "./runRecords";
import { systemClock } from "./systemClock";

export interface RunListener {
  /** The run's folder is there; its events follow, at once or when it is its turn. */
  onStart(dir: string, setup: RunSetup): void;
  /** The event is in the journal (or live only). */
  onEvent(dir: string, event: AnyEvent): void;
  /** @param isRecorded whether the journal says how the run ended */
  onEnd(dir: string, isRecorded: boolean): void;
}

export interface LaunchedRun {
  dir: string;
  jobId: string;
  runId: string;
  /** Never rejects. */
  done: Promise<RunOutcome>;
}

export interface LaunchOptions {
  signal: AbortSignal;
  /** Resolves when the run may begin. */
  turn?: Promise<void> | undefined;
  /** The folder of a run that goes on in its own journal. */
  folder?: RunFolder | undefined;
}

/** Throws `UserError` where the run's folder or records cannot be written. */
export async function launchRun(
  job: JobContext,
  prepared: PreparedRun,
  listener: RunListener,
  { signal, turn, folder: reopened }: LaunchOptions,
): Promise<LaunchedRun> {
  const { root, host, newId, redactor } = job;
  const { setup } = prepared;
  const workspace = await openWorkspace(root);
  const folder = reopened ?? (await createRunFolder(root, setup, newId, job.choices.flush));
  const previous = await readJobRecord(folder.jobDir);
  const records = createRunRecords(folder, setup, { ...prepared, root, previous, newId, redactor });
  try {
    await records.start(systemClock.now());
  } catch (error) {
    await folder.close().catch(() => undefined);
    throw new UserError(`The run's records in ${folder.dir} cannot be written: ${messageOf(error)}`);
  }
  const onBug = (error: unknown) =>
    host.reportError(redactError(error, redactor), `run ${setup.runId} of ${setup.expertKey}`);
  const done = async (): Promise<RunOutcome> => {
    await turn;
    const seen = { isEnded: false };
    const approval = createApproval(job.choices.approval, (question) =>
      host.askApproval({
        ...{ ...question, summary: redactor.text(question.summary) },
        ...{ expertKey: setup.expertKey, runId: setup.runId },
      }),
    );
    const outcome = await runExpert(
      setup,
      {
        ...{ workspace, approval, newId, redactor, onBug },
        recorder: createRecorder(folder, listener, seen),
        clock: systemClock,
        random: Math.random,
        standing: job.standing,
        budget: job.budget,
        delegation: { run: (request) => runDelegate(job, setup, request, listener) },
      },
      signal,
    );
    // A run whose end is not in its journal stays open on disk, so that recovery closes it.
    if (seen.isEnded) await records.end(outcome, systemClock.now()).catch(onBug);
    await folder.close().catch(onBug);
    listener.onEnd(folder.dir, seen.isEnded);
    return outcome;
  };
  listener.onStart(folder.dir, { ...setup, query: redactor.text(setup.query) });
  return { dir: folder.dir, jobId: setup.jobId, runId: setup.runId, done: done() };
}

/** Never rejects: what keeps a delegate from running is how it failed. */
async function runDelegate(
  job: JobContext,
  parent: RunSetup,
  request: DelegateRequest,
  listener: RunListener,
): Promise<DelegateOutcome> {
  try {
    const launched = request.isResumed
      ? await resumeDelegate(job, request, listener)
      : await startDelegate(job, parent, request, listener);
    return "done" in launched ? await launched.done : launched;
  } catch (error) {
    if (!(error instanceof UserError))
      job.host.reportError(redactError(error, job.redactor), `delegate ${request.expertKey}`);
    const failure = error instanceof UserError ? eventError("invalid_definition", error.message) : toEventError(error);
    return { status: "failed", error: failure, lastStep: request.stepsBefore };
  }
}

async function startDelegate(
  job: JobContext,
  parent: RunSetup,
  request: DelegateRequest,
  listener: RunListener,
): Promise<LaunchedRun> {
  const { toolCallId, tool, expertKey, query, childRunId, checkpointId, stepsBefore, signal } = request;
  const { runId, expertVersion } = parent;
  const expert = { key: parent.expertKey, name: parent.expertKey, version: expertVersion };
  const prepared = await prepareRun(job, {
    ...{ runId: childRunId, expertKey, query, jobStep: stepsBefore, parent: { runId, toolCallId } },
    delegatedBy: { expert, toolCallId, toolName: tool, checkpointId, runId },
  });
  return await launchRun(job, prepared, listener, { signal });
}

/** One that was broken off goes on; one that had ended by then says how. */
async function resumeDelegate(
  job: JobContext,
  request: DelegateRequest,
  listener: RunListener,
): Promise<LaunchedRun | DelegateOutcome> {
  // It comes from the journal, which may come from anywhere.
  const dir = layout.run(job.root, job.jobId, checkId("run", request.childRunId));
  const { folder } = await reopenRunFolder(dir, job.newId, job.choices.flush);
  try {
    const goesOn = await prepareGoingOn(job, await readRecordedRun(dir), { answers: [], by: "coordinator" });
    if ("outcome" in goesOn) {
      await folder.close();
      return goesOn.outcome;
    }
    return await launchRun(job, goesOn, listener, { signal: request.signal, folder });
  } catch (error) {
    await folder.close().catch(() => undefined);
    throw error;
  }
}

/** The invariant of the product in one place: first the journal, then everyone else. */
function createRecorder(folder: RunFolder, listener: RunListener, seen: { isEnded: boolean }): RunRecorder {
  return {
    record(...events) {
      folder.append(...events);
      for (const event of events) {
        seen.isEnded = endsRun(event);
        listener.onEvent(folder.dir, event);
      }
    },
    stream: (event) => listener.onEvent(folder.dir, event),
    saveCheckpoint: (checkpoint) => folder.saveCheckpoint(checkpoint, systemClock.now()),
    spill: (result) => folder.spill(result),
  };
}
