/** An application whose one run goes as the test says; everything before and behind the run is the real command line. */

import { setImmediate } from "node:timers/promises";
import type { App, AppHost, ResumeRequest, RunHandle, RunOutcome, StartRequest } from "../../src/app/app";
import { createLogReader } from "../../src/app/logReader";
import type { LoadedRun, RunIndex, RunSummary } from "../../src/app/runIndex";
import { Emitter } from "../../src/base/bus";
import { noUsage } from "../../src/model/addUsage";
import type { AnyEvent, RunEvent } from "../../src/model/events";
import type { Message } from "../../src/model/message";
import { runOf } from "../../src/model/run";

export interface ScriptedRun {
  request: StartRequest | ResumeRequest;
  host: AppHost;
  /** Aborted by `cancel()`. */
  signal: AbortSignal;
  emit(fields: { type: string; [key: string]: unknown }): void;
}

export interface ScriptedApp {
  open(host: AppHost): Promise<App>;
  requests: StartRequest[];
  resumed: ResumeRequest[];
  isDisposed(): boolean;
}

export interface Recorded {
  summary: RunSummary;
  events?: readonly RunEvent[];
  messages?: readonly Message[];
}

/**
 * @param play the run; what it answers with is how the run ended.
 * @param begin where given, the run plays at once while `start` waits for this; else it plays when `start` has answered.
 * @param recorded the runs that are there already, newest first
 */
export function createScriptedApp(
  play: (run: ScriptedRun) => Promise<Partial<RunOutcome>>,
  begin?: () => Promise<void>,
  recorded: readonly Recorded[] = [],
): ScriptedApp {
  const requests: StartRequest[] = [];
  const resumed: ResumeRequest[] = [];
  let disposed = false;
  const open = async (host: AppHost): Promise<App> => {
    const bus = new Emitter<readonly AnyEvent[]>((error) => {
      throw error;
    });
    const nothing = new Emitter<ReadonlySet<string>>(() => undefined);
    const told: RunEvent[] = [];
    const load = async (dir: string): Promise<LoadedRun> => {
      const events = recorded.find(({ summary }) => summary.dir === dir)?.events ?? told;
      const run = runOf(events);
      if (!run) throw new Error("There are no runs.");
      return { run, events, problems: [] };
    };
    const runs: RunIndex = {
      list: () => recorded.map(({ summary }) => summary),
      get: () => undefined,
      load,
      onDidChange: nothing.event,
      check: async () => undefined,
      refresh: async () => undefined,
      refreshPaths: async () => undefined,
      sources: () => [],
      version: 0,
    };
    const launch = async (request: StartRequest | ResumeRequest): Promise<RunHandle> => {
      const earlier = "dir" in request ? recorded.find(({ summary }) => summary.dir === request.dir) : undefined;
      const { jobId, runId } = earlier?.summary ?? { jobId: "job-1", runId: "run-1" };
      const expertKey = "expertKey" in request ? request.expertKey : (earlier?.summary.expertKey ?? "demo");
      const controller = new AbortController();
      let seq = 0;
      const emit: ScriptedRun["emit"] = (fields) => {
        seq += 1;
        const envelope = { id: `e${seq}`, timestamp: seq * 100, jobId, runId, seq, step: 0 };
        const event = { ...envelope, expertKey, ...fields } as AnyEvent;
        if (event.jobId === jobId && !event.type.startsWith("stream")) told.push(event as RunEvent);
        bus.fire([event]);
      };
      const work = async (): Promise<RunOutcome> => {
        if (!begin) await setImmediate();
        const outcome = await play({ request, host, signal: controller.signal, emit });
        return { status: "finished", totalUsage: noUsage, lastStep: 1, ...outcome };
      };
      const done = work();
      // A failed script is the command's to report, also where it does not wait for it.
      done.catch(() => undefined);
      await begin?.();
      const root = "workspaceRoot" in request ? request.workspaceRoot : undefined;
      const dir = "dir" in request ? request.dir : `${root ?? "/work"}/perstack/jobs/${jobId}/runs/${runId}`;
      return { dir, jobId, runId, done, cancel: () => controller.abort() };
    };
    return {
      onEvents: bus.event,
      runs,
      logs: createLogReader({ mayWrite: () => false }),
      listener: { onStart: () => undefined, onEvent: () => undefined, onEnd: () => undefined },
      active: [],
      setFolders: () => undefined,
      setRoots: async () => undefined,
      readDefinitions: async () => [],
      recover: async () => undefined,
      async resume(request) {
        resumed.push(request);
        return await launch(request);
      },
      listModels: async () => [],
      async readCheckpoint(dir) {
        const messages = recorded.find(({ summary }) => summary.dir === dir)?.messages ?? [];
        return { step: 0, messages };
      },
      suggestQuery: async () => undefined,
      shutdown: async () => undefined,
      dispose: () => {
        disposed = true;
      },
      async start(request) {
        requests.push(request);
        return await launch(request);
      },
    };
  };
  return { open, requests, resumed, isDisposed: () => disposed };
}

/** Resolves when the run is cancelled. */
export function cancelled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
