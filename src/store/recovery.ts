/** Closes runs whose process died: the torn end is healed, then an `errorRun` of class `interrupted` ends the journal. */
import { join } from "node:path";
import { endsRun } from "../model/eventKinds";
import type { EventOf, RunEvent } from "../model/events";
import { type Run, runOf } from "../model/run";
import { readJobRecord, writeJobRecord } from "./jobRecord";
import { openJournal } from "./journal";
import { layout } from "./layout";
import { withProcessLock } from "./processLock";
import { stateOf } from "./processOwner";
import { healJournal, readJournal } from "./readJournal";
import { listRunFolders, type RunPlace } from "./runFolders";
import { type RunInfo, readRunInfo, writeRunInfo } from "./runInfo";

export interface RecoveryPorts {
  now(): number;
  newId(): string;
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

async function recoverRun(root: string, place: RunPlace, ports: RecoveryPorts): Promise<RecoveredRun | undefined> {
  const info = await readRunInfo(place.dir);
  if (info?.status !== "running" || (await stateOf(info)) !== "dead") return undefined;
  // Two windows may find the same run: the one that holds the lock closes it.
  const lock = join(place.dir, "recovery.lock");
  return await withProcessLock(lock, ports.newId, () => closeRun(root, place, info, ports));
}

async function closeRun(root: string, place: RunPlace, info: RunInfo, ports: RecoveryPorts): Promise<RecoveredRun> {
  const path = layout.journal(place.dir);
  const healed = await healJournal(path);
  const { events } = await readJournal(path);
  const run = runOf(events);
  const last = events.at(-1);
  let end = last && endsRun(last) ? last : undefined;
  if (run && last && !end) {
    end = interruptedEvent(run, last, ports);
    const journal = await openJournal(path, "continue");
    try {
      journal.append(end);
    } finally {
      await journal.close();
    }
  }
  await writeRunInfo(place.dir, endedInfo(info, end, ports.now()), ports.newId());
  await closeJob(layout.job(root, place.jobId), run, ports);
  return { ...place, ...(healed && { healed }) };
}

function interruptedEvent(run: Run, last: RunEvent, ports: RecoveryPorts): EventOf<"errorRun"> {
  const { jobId, runId, expertKey, step } = last;
  return {
    id: ports.newId(),
    type: "errorRun",
    // The run ended when it was last heard of, not when it was found.
    timestamp: last.timestamp,
    jobId,
    runId,
    seq: last.seq + 1,
    expertKey,
    step,
    error: {
      name: "Interrupted",
      message: `The process that ran “${expertKey}” ended in step ${step} before the run did.`,
      class: "interrupted",
      isRetryable: true,
    },
    ...(run.definition && { location: run.definition }),
    totalUsage: run.usage,
    ...(run.cost !== undefined && { cost: run.cost }),
    durationMs: last.timestamp - run.startedAt,
  };
}

function endedInfo(info: RunInfo, end: RunEvent | undefined, now: number): RunInfo {
  const finished = end?.type === "finishRun";
  const summary =
    end?.type === "errorRun" ? end.error.message : end ? undefined : "The run ended before its first event.";
  return {
    ...info,
    end_time: new Date(end?.timestamp ?? now).toISOString(),
    exit_code: finished ? 0 : 1,
    status: finished ? "completed" : "failed",
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
