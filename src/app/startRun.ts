/** From a request to a run under way: what is decided, the folder and records, the loop, and the records again. */
import { messageOf, UserError } from "../base/errors";
import { endsRun } from "../model/eventKinds";
import type { AnyEvent } from "../model/events";
import { openWorkspace } from "../runtime/localWorkspace";
import type { RunRecorder } from "../runtime/ports";
import { type RunOutcome, runExpert } from "../runtime/runExpert";
import { createRunFolder, type RunFolder } from "../store/runFolder";
import type { AppHost, StartRequest } from "./app";
import { createApproval } from "./createApproval";
import { prepareRun } from "./prepareRun";
import { createRunRecords } from "./runRecords";
import { systemClock } from "./systemClock";

export interface StartPorts {
  host: AppHost;
  newId(): string;
  runtimeVersion: string;
  /** The run's folder is there; its events follow. */
  onStart(dir: string): void;
  /** The event is in the journal (or live only). */
  onEvent(dir: string, event: AnyEvent): void;
  /** @param isRecorded whether the journal says how the run ended */
  onEnd(dir: string, isRecorded: boolean): void;
}

export interface StartedRun {
  dir: string;
  jobId: string;
  runId: string;
  /** Never rejects. */
  done: Promise<RunOutcome>;
}

/** Throws `UserError` for what is wrong with the request, the definition or the folder. */
export async function startRun(request: StartRequest, ports: StartPorts, signal: AbortSignal): Promise<StartedRun> {
  const { host, newId } = ports;
  const prepared = await prepareRun(request, host, newId, ports.runtimeVersion);
  const { root, setup } = prepared;
  const workspace = await openWorkspace(root);
  const folder = await createRunFolder(root, setup, newId);
  const records = createRunRecords(folder, setup, { ...prepared, newId });
  try {
    await records.start(systemClock.now());
  } catch (error) {
    await folder.close().catch(() => undefined);
    throw new UserError(`The run's records in ${folder.dir} cannot be written: ${messageOf(error)}`);
  }
  const done = async (): Promise<RunOutcome> => {
    const seen = { steps: setup.stepsBefore, isEnded: false };
    const recorder = createRecorder(folder, ports, seen);
    const approval = createApproval(request.approval, (question) =>
      host.askApproval({ ...question, expertKey: setup.expertKey, runId: setup.runId }),
    );
    const onBug = (error: unknown) => host.reportError(error, `run ${setup.runId} of ${setup.expertKey}`);
    const runPorts = { recorder, clock: systemClock, newId, random: Math.random, workspace, approval, onBug };
    const outcome = await runExpert(setup, runPorts, signal);
    await folder.close().catch(onBug);
    // A run whose end is not in its journal stays open on disk, so that recovery closes it.
    if (seen.isEnded) await records.end(outcome, seen.steps, systemClock.now()).catch(onBug);
    ports.onEnd(folder.dir, seen.isEnded);
    return outcome;
  };
  ports.onStart(folder.dir);
  return { dir: folder.dir, jobId: setup.jobId, runId: setup.runId, done: done() };
}

/** The invariant of the product in one place: first the journal, then everyone else. */
function createRecorder(folder: RunFolder, ports: StartPorts, seen: { steps: number; isEnded: boolean }): RunRecorder {
  return {
    record(event) {
      folder.append(event);
      seen.steps = Math.max(seen.steps, event.step);
      seen.isEnded = endsRun(event);
      ports.onEvent(folder.dir, event);
    },
    stream: (event) => ports.onEvent(folder.dir, event),
    saveCheckpoint: (checkpoint) => folder.saveCheckpoint(checkpoint, systemClock.now()),
    spill: (result) => folder.spill(result),
  };
}
