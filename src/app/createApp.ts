/** Puts the application together; the runtime and its libraries are loaded when the first run starts. */
import { basename } from "node:path";
import { Emitter } from "../base/bus";
import type { WrittenFormatName } from "../formats/format";
import type { AnyEvent } from "../model/events";
import type { App, AppHost, RunHandle } from "./app";
import { createRunIndex } from "./createRunIndex";
import { createEventBatcher } from "./eventBatcher";
import type { LiveExports } from "./liveExports";
import { createLogReader } from "./logReader";
import { newId } from "./newId";
import type { LaunchedRun, RunListener } from "./runJob";
import type { StartPorts } from "./startRun";
import { runtimeVersion } from "./version";

/** Runs at the same time, where the host does not say. */
const defaultConcurrency = 4;

export function createApp(host: AppHost): App {
  const report = (context: string) => (error: unknown) => host.reportError(error, context);
  const bus = new Emitter<readonly AnyEvent[]>(report("event listener"));
  const batcher = createEventBatcher((events) => bus.fire(events));
  const mayWrite = () => host.mayWrite?.() ?? false;
  const logs = createLogReader({ workerFile: host.logWorker, mayWrite });
  const runs = createRunIndex({ logs, onError: report("run index"), cacheFolder: host.cacheFolder });
  const active = new Map<string, RunHandle>();
  /** Runs of this process whose end could not be recorded, by id. */
  const lost = new Set<string>();
  const isLost = (runId: string) => lost.has(runId);
  const listener: RunListener = {
    onStart: (dir, setup) => {
      lost.delete(setup.runId);
      runs.attach(dir, setup);
    },
    onEvent: (dir, event) => {
      runs.apply(dir, event);
      batcher.push(event);
    },
    onEnd: (dir, isRecorded) => {
      batcher.flush();
      if (!isRecorded) lost.add(basename(dir));
      runs.detach(dir, !isRecorded);
    },
  };
  let ports: StartPorts | undefined;
  let exports: LiveExports | undefined;
  const openEngine = async (alsoWrite: readonly WrittenFormatName[] = []) => {
    const engine = await import("./deferred");
    if (!ports) {
      const queue = engine.createRunQueue(() => host.maxConcurrentRuns?.() ?? defaultConcurrency);
      const turn: StartPorts["turn"] = (run, signal) => queue.turn(run, signal);
      ports = { host, newId, runtimeVersion, listener, isLost, turn, reaper: engine.createReaper() };
    }
    if (alsoWrite.length === 0) return { ...engine, ports };
    exports ??= engine.createLiveExports(report("runs for other systems"));
    return { ...engine, ports: { ...ports, listener: both(listener, exports.listenFor(alsoWrite)) } };
  };
  let folders: readonly string[] = [];
  const follow = async (launch: (signal: AbortSignal) => Promise<LaunchedRun>): Promise<RunHandle> => {
    const controller = new AbortController();
    const { done, ...place } = await launch(controller.signal);
    const handle: RunHandle = {
      ...place,
      done: done.finally(() => exports?.settle()).finally(() => active.delete(place.runId)),
      cancel: () => controller.abort(new Error("The run was cancelled.")),
    };
    active.set(place.runId, handle);
    return handle;
  };

  return {
    onEvents: bus.event,
    runs,
    logs,
    listener,
    get active() {
      return [...active.values()];
    },
    setFolders(next) {
      folders = next;
      runs.setFolders(next);
    },
    setRoots: (roots) => runs.setRoots(roots),
    async readDefinitions(signal) {
      const { findDefinitionFiles, readDefinitions } = await import("./deferred");
      return await readDefinitions(await findDefinitionFiles(folders, signal), host.env);
    },
    async recover() {
      const { recoverRuns } = await import("./deferred");
      const ports = { now: () => Date.now(), newId, isLost };
      for (const folder of folders) {
        for (const { dir, healed } of await recoverRuns(folder, ports, report("recovery"))) {
          if (healed) host.reportError(healed, dir);
          await runs.refresh(dir);
        }
      }
    },
    async start(request) {
      const { startRun, ports } = await openEngine(request.alsoWrite);
      return await follow((signal) => startRun(request, ports, signal));
    },
    async resume(request) {
      const { resumeRun, ports } = await openEngine(request.alsoWrite);
      return await follow((signal) => resumeRun(request, ports, signal));
    },
    async readCheckpoint(dir, checkpointId) {
      const { readCheckpointOf } = await import("./deferred");
      return await readCheckpointOf(dir, checkpointId);
    },
    async suggestQuery(definitionPath, expertKey) {
      const { suggestQuery } = await import("./deferred");
      return await suggestQuery(definitionPath, expertKey);
    },
    async listModels(definitionPath) {
      const { listModels } = await import("./deferred");
      return await listModels(host, definitionPath, runs.list());
    },
    async shutdown() {
      const handles = [...active.values()];
      for (const handle of handles) handle.cancel();
      await Promise.all(handles.map(({ done }) => done));
    },
    dispose() {
      for (const handle of active.values()) handle.cancel();
      ports?.reaper.dispose();
      runs.dispose();
      logs.dispose();
      bus.dispose();
    },
  };
}

function both(first: RunListener, second: RunListener): RunListener {
  return {
    onStart(dir, setup) {
      first.onStart(dir, setup);
      second.onStart(dir, setup);
    },
    onEvent(dir, event) {
      first.onEvent(dir, event);
      second.onEvent(dir, event);
    },
    onEnd(dir, isRecorded) {
      first.onEnd(dir, isRecorded);
      second.onEnd(dir, isRecorded);
    },
  };
}
