/** An application whose one run goes as the test says; everything before and behind the run is the real command line. */
import { setImmediate } from "node:timers/promises";
import type { App, AppHost, RunHandle, RunOutcome, StartRequest } from "../../src/app/app";
import type { RunIndex } from "../../src/app/runIndex";
import { Emitter } from "../../src/base/bus";
import { noUsage } from "../../src/model/addUsage";
import type { AnyEvent } from "../../src/model/events";

export interface ScriptedRun {
  request: StartRequest;
  host: AppHost;
  /** Aborted by `cancel()`. */
  signal: AbortSignal;
  emit(fields: { type: string; [key: string]: unknown }): void;
}

export interface ScriptedApp {
  open(host: AppHost): Promise<App>;
  requests: StartRequest[];
  isDisposed(): boolean;
}

/**
 * @param play the run; what it answers with is how the run ended.
 * @param begin where given, the run plays at once while `start` waits for this; else it plays when `start` has answered.
 */
export function createScriptedApp(
  play: (run: ScriptedRun) => Promise<Partial<RunOutcome>>,
  begin?: () => Promise<void>,
): ScriptedApp {
  const requests: StartRequest[] = [];
  let disposed = false;
  const open = async (host: AppHost): Promise<App> => {
    const bus = new Emitter<readonly AnyEvent[]>((error) => {
      throw error;
    });
    const nothing = new Emitter<ReadonlySet<string>>(() => undefined);
    const runs: RunIndex = {
      list: () => [],
      get: () => undefined,
      load: async () => {
        throw new Error("There are no runs.");
      },
      onDidChange: nothing.event,
      check: async () => undefined,
      refresh: async () => undefined,
    };
    return {
      onEvents: bus.event,
      runs,
      active: [],
      setFolders: () => undefined,
      readDefinitions: async () => [],
      recover: async () => undefined,
      resume: async () => {
        throw new Error("There is nothing to go on with.");
      },
      listModels: async () => [],
      readCheckpoint: async () => ({ step: 0, messages: [] }),
      suggestQuery: async () => undefined,
      shutdown: async () => undefined,
      dispose: () => {
        disposed = true;
      },
      async start(request): Promise<RunHandle> {
        requests.push(request);
        const controller = new AbortController();
        let seq = 0;
        const emit: ScriptedRun["emit"] = (fields) => {
          seq += 1;
          const envelope = { id: `e${seq}`, timestamp: seq * 100, jobId: "job-1", runId: "run-1", seq, step: 0 };
          bus.fire([{ ...envelope, expertKey: request.expertKey, ...fields } as AnyEvent]);
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
        const dir = `${request.workspaceRoot ?? "/work"}/perstack/jobs/job-1/runs/run-1`;
        return { dir, jobId: "job-1", runId: "run-1", done, cancel: () => controller.abort() };
      },
    };
  };
  return { open, requests, isDisposed: () => disposed };
}

/** Resolves when the run is cancelled. */
export function cancelled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
