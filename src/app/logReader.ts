/** Has the tasks over logs done by a thread of its own, so that the editor never waits; without one, right here. */
import { Worker } from "node:worker_threads";
import type { Disposable } from "../base/disposable";
import { assertNever } from "../base/errors";
import type { LogTask, LogTasks } from "./logTasks";

export type TaskName = keyof LogTasks;
export type TaskArgs<Name extends TaskName> =
  LogTasks[Name] extends LogTask<infer Args, infer _, infer __> ? Args : never;
export type TaskResult<Name extends TaskName> =
  LogTasks[Name] extends LogTask<infer _, infer Result, infer __> ? Result : never;
export type TaskPart<Name extends TaskName> =
  LogTasks[Name] extends LogTask<infer _, infer __, infer Part> ? Part : never;

export interface TaskOptions<Name extends TaskName> {
  signal?: AbortSignal | undefined;
  onPart?: (part: TaskPart<Name>) => void;
}

export interface LogReader extends Disposable {
  /** Rejects with the signal's reason when it is aborted, and with what went wrong in the task. */
  do<Name extends TaskName>(task: Name, args: TaskArgs<Name>, options?: TaskOptions<Name>): Promise<TaskResult<Name>>;
}

export type ToWorker =
  | { kind: "begin"; id: number; task: TaskName; args: unknown; mayWrite: boolean }
  | { kind: "abort"; id: number };

export type FromWorker =
  | { kind: "part"; id: number; part: unknown }
  | { kind: "end"; id: number; result: unknown }
  | { kind: "fail"; id: number; error: unknown };

export interface LogReaderOptions {
  /** The bundle of `logWorker.ts`; without it the tasks are done on this thread. */
  workerFile?: URL | undefined;
  mayWrite(): boolean;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onPart?: ((part: unknown) => void) | undefined;
}

export function createLogReader({ workerFile, mayWrite }: LogReaderOptions): LogReader {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let tasks: Promise<LogTasks> | undefined;
  let lastId = 0;

  const lose = (lost: Worker, error: unknown) => {
    if (worker !== lost) return;
    worker = undefined;
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  };
  const hear = (message: FromWorker) => {
    const asked = pending.get(message.id);
    if (message.kind !== "part") pending.delete(message.id);
    switch (message.kind) {
      case "part":
        return asked?.onPart?.(message.part);
      case "end":
        return asked?.resolve(message.result);
      case "fail":
        return asked?.reject(message.error);
      default:
        assertNever(message);
    }
  };
  /** Begun with the first task; one that died is replaced with the next. */
  const openWorker = (file: URL): Worker => {
    if (worker) return worker;
    const opened = new Worker(file, { name: "runtrail-logs" });
    opened.unref();
    opened.on("message", hear);
    opened.on("error", (error) => lose(opened, error));
    opened.on("exit", (code) => lose(opened, new Error(`The thread that reads logs ended with ${code}.`)));
    worker = opened;
    return opened;
  };
  const doThere = async (
    file: URL,
    task: TaskName,
    args: unknown,
    options: TaskOptions<TaskName>,
  ): Promise<unknown> => {
    const { signal, onPart } = options;
    signal?.throwIfAborted();
    const target = openWorker(file);
    lastId += 1;
    const id = lastId;
    const send = (message: ToWorker) => target.postMessage(message);
    const onAbort = () => {
      send({ kind: "abort", id });
      pending.get(id)?.reject(signal?.reason);
      pending.delete(id);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject, onPart: onPart as Pending["onPart"] });
        send({ kind: "begin", id, task, args, mayWrite: mayWrite() });
      });
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  };
  const doHere = async (task: TaskName, args: unknown, options: TaskOptions<TaskName>): Promise<unknown> => {
    const { signal = new AbortController().signal, onPart } = options;
    signal.throwIfAborted();
    tasks ??= import("./deferred").then((parts) =>
      parts.createLogTasks({ isAlive: parts.isAlive, openForeign: parts.openForeignRunReader }),
    );
    const perform = (await tasks)[task] as LogTask<unknown, unknown, unknown>;
    return await perform(args, {
      signal,
      mayWrite: mayWrite(),
      emit: (part) => (onPart as Pending["onPart"])?.(part),
    });
  };

  return {
    do: async (task, args, options = {}) => {
      const given = options as TaskOptions<TaskName>;
      const result = workerFile ? await doThere(workerFile, task, args, given) : await doHere(task, args, given);
      return result as TaskResult<typeof task>;
    },
    dispose() {
      const ended = worker;
      worker = undefined;
      for (const { reject } of pending.values()) reject(new Error("The application was closed."));
      pending.clear();
      void ended?.terminate();
    },
  };
}
