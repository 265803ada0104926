/** Puts the application together; the runtime and its libraries are loaded when the first run starts. */
import { Emitter } from "../base/bus";
import type { AnyEvent } from "../model/events";
import type { App, AppHost, RunHandle, StartRequest } from "./app";
import { createRunIndex } from "./createRunIndex";
import { createEventBatcher } from "./eventBatcher";
import { newId } from "./newId";
import { runtimeVersion } from "./version";

export function createApp(host: AppHost): App {
  const report = (context: string) => (error: unknown) => host.reportError(error, context);
  const bus = new Emitter<readonly AnyEvent[]>(report("event listener"));
  const batcher = createEventBatcher((events) => bus.fire(events));
  const runs = createRunIndex(report("run index"));
  const active = new Map<string, RunHandle>();
  let folders: readonly string[] = [];

  return {
    onEvents: bus.event,
    runs,
    get active() {
      return [...active.values()];
    },
    setFolders(next) {
      folders = next;
      runs.setFolders(next);
    },
    async readDefinitions(signal) {
      const { findDefinitionFiles, readDefinitions } = await import("./deferred");
      return await readDefinitions(await findDefinitionFiles(folders, signal), host.env);
    },
    async recover() {
      const { recoverRuns } = await import("./deferred");
      const ports = { now: () => Date.now(), newId };
      for (const folder of folders) {
        for (const { dir, healed } of await recoverRuns(folder, ports, report("recovery"))) {
          if (healed) host.reportError(healed, dir);
          await runs.refresh(dir);
        }
      }
    },
    async start(request: StartRequest) {
      const { startRun } = await import("./deferred");
      const controller = new AbortController();
      const ports = {
        host,
        newId,
        runtimeVersion,
        onStart: (dir: string) => runs.attach(dir),
        onEvent: (dir: string, event: AnyEvent) => {
          runs.apply(dir, event);
          batcher.push(event);
        },
        onEnd: (dir: string, isRecorded: boolean) => {
          batcher.flush();
          runs.detach(dir, !isRecorded);
        },
      };
      const { jobId, runId, dir, done } = await startRun(request, ports, controller.signal);
      const handle: RunHandle = {
        dir,
        jobId,
        runId,
        done: done.finally(() => active.delete(runId)),
        cancel: () => controller.abort(new Error("The run was cancelled.")),
      };
      active.set(runId, handle);
      return handle;
    },
    async suggestQuery(definitionPath, expertKey) {
      const { suggestQuery } = await import("./deferred");
      return await suggestQuery(definitionPath, expertKey);
    },
    async shutdown() {
      const handles = [...active.values()];
      for (const handle of handles) handle.cancel();
      await Promise.all(handles.map(({ done }) => done));
    },
    dispose() {
      for (const handle of active.values()) handle.cancel();
      runs.dispose();
      bus.dispose();
    },
  };
}
