/** Closes runs whose process died: the torn end is healed, then an `errorRun` of class `interrupted` ends the journal. */
import { basename, dirname, join } from "node:path";
import { endsRun } from "../model/eventKinds";
import type { EventPayload, RunEvent } from "../model/events";
import type { EventError } from "../model/failure";
import { openEndsOf } from "../model/openEnds";
import { type Run, reduceRun } from "../model/run";
import { readJobRecord, writeJobRecord } from "./jobRecord";
import { openJournal } from "./journal";
import { layout } from "./layout";
import { withProcessLock } from "./processLock";
import { stateOf } from "./processOwner";
import { healJournal, scanJournal } from "./readJournal";
import { listRunFolders, type RunPlace } from "./runFolders";
import { type RunInfo, readRunInfo, writeRunInfo } from "./runInfo";

export interface RecoveryPorts {
  now(): number;
  newId(): string;
  /** Whether it is a run of this process that is over, though its end could not be recorded. */
  isLost?(runId: string): boolean;
}

export interface RecoveredRun extends RunPlace {
  /** What was done to the journal's torn end, if it had one. */
  healed?: string;
}

/** Looks through a workspace. One run that cannot be closed does not keep the others from it; `onError` hears of it. */
export async function recoverRuns(
  root: string,
  ports: RecoveryPorts,
  onError: (error: unknown, place: RunPlace) => void,
): Promise<RecoveredRun[]> {
  const recovered: RecoveredRun[] = [];
  for (const place of await listRunFolders(root)) {
    try {
      const run = await recoverRun(root, place, ports);
      if (run) recovered.push(run);
    } catch (error) {
      onError(error, place);
    }
  }
  return recovered;
}

/** The same for one run's folder; `undefined` where there was nothing to close. */
export async function recoverRunAt(dir: string, ports: RecoveryPorts): Promise<RecoveredRun | undefined> {
  const jobDir = dirname(dirname(dir));
  const root = dirname(dirname(dirname(jobDir)));
  return await recoverRun(root, { dir, jobId: basename(jobDir), runId: basename(dir) }, ports);
}

async function recoverRun(root: string, place: RunPlace, ports: RecoveryPorts): Promise<RecoveredRun | undefined> {
  const info = await readRunInfo(place.dir);
  if (info?.status !== "running") return undefined;
  if (!ports.isLost?.(place.runId) && (await stateOf(info)) !== "dead") return undefined;
  // Two windows may find the same run: the one that holds the lock closes it.
  const lock = join(place.dir, "recovery.lock");
  return await withProcessLock(lock, ports.newId, () => closeRun(root, place, info, ports));
}

async function closeRun(root: string, place: RunPlace, info: RunInfo, ports: RecoveryPorts): Promise<RecoveredRun> {
  const path = layout.journal(place.dir);
  const healed = await healJournal(path);
  const { run, last } = await foldJournal(path);
  let end = last && endsRun(last) ? last : undefined;
  if (run && last && !end) {
    const closing = await closingEvents(place, run, last, ports);
    end = closing.find(endsRun);
    const journal = await openJournal(path, "continue");
    try {
      journal.append(...closing);
    } finally {
      await journal.close();
    }
  }
  await writeRunInfo(place.dir, endedInfo(info, run, end, ports.now()), ports.newId());
  if (run?.parent === undefined) await closeJob(layout.job(root, place.jobId), run, ports);
  return { ...place, ...(healed && { healed }) };
}

/** An end for each start, then the run's own; `run` is folded on with them. */
async function closingEvents(place: RunPlace, run: Run, last: RunEvent, ports: RecoveryPorts): Promise<RunEvent[]> {
  const { jobId, runId, expertKey, step } = last;
  const error: EventError = {
    name: "Interrupted",
    message: `The process that ran “${expertKey}” ended in step ${step} before the run did.`,
    class: "interrupted",
    isRetryable: true,
  };
  const delegates = await closeDelegates(place, run, ports);
  const events: RunEvent[] = [];
  const add = (payload: EventPayload) => {
    const seq = last.seq + 1 + events.length;
    // The run ended when it was last heard of, not when it was found.
    const event: RunEvent = {
      ...{ id: ports.newId(), timestamp: last.timestamp, jobId, runId, seq, expertKey, step },
      ...payload,
    };
    events.push(event);
    reduceRun(run, event);
  };
  for (const payload of openEndsOf(run, error, (id) => delegates.get(id))) add(payload);
  add({
    type: "errorRun",
    error,
    ...(run.definition && { location: run.definition }),
    totalUsage: run.usage,
    ...(run.cost !== undefined && { cost: run.cost }),
    durationMs: last.timestamp - run.startedAt,
  });
  return events;
}

/** The delegates that were at work are closed first: what they used is part of what their parent used. */
async function closeDelegates({ dir }: RunPlace, run: Run, ports: RecoveryPorts): Promise<Map<string, Run>> {
  const found = new Map<string, Run>();
  for (const item of run.steps.at(-1)?.items ?? []) {
    if (item.kind !== "toolCall" || item.finishedAt !== undefined || item.childRunId === undefined) continue;
    const childDir = join(dirname(dir), basename(item.childRunId));
    await recoverRunAt(childDir, ports);
    const { run: child } = await foldJournal(layout.journal(childDir));
    if (child) found.set(item.childRunId, child);
  }
  return found;
}

async function foldJournal(path: string): Promise<{ run?: Run; last?: RunEvent }> {
  const found: { run?: Run; last?: RunEvent } = {};
  await scanJournal(path, (event) => {
    found.run = reduceRun(found.run, event);
    found.last = event;
  });
  return found;
}

function endedInfo(info: RunInfo, run: Run | undefined, end: RunEvent | undefined, now: number): RunInfo {
  const finished = end?.type === "finishRun";
  const summary =
    end?.type === "errorRun" ? end.error.message : end ? undefined : "The run ended before its first event.";
  return {
    ...info,
    end_time: new Date(end?.timestamp ?? now).toISOString(),
    exit_code: finished ? 0 : 1,
    status: finished ? "completed" : "failed",
    ...(run && { usage: run.usage, steps: run.steps.at(-1)?.step ?? 0 }),
    ...(run?.cost !== undefined && { cost: run.cost }),
    ...(summary && { error_summary: summary }),
  };
}

async function closeJob(jobDir: string, run: Run | undefined, ports: RecoveryPorts): Promise<void> {
  const job = await readJobRecord(jobDir);
  if (job?.status !== "running") return;
  await writeJobRecord(
    jobDir,
    {
      ...job,
      status: run?.status === "finished" ? "completed" : "stoppedByError",
      totalSteps: Math.max(job.totalSteps, run?.steps.at(-1)?.step ?? 0),
      usage: run?.usage ?? job.usage,
      finishedAt: run?.finishedAt ?? ports.now(),
    },
    ports.newId(),
  );
}
