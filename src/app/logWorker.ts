/** The thread that reads logs: does the tasks it is sent, side by side, and answers with their parts and results. */
import { parentPort } from "node:worker_threads";
import { assertNever } from "../base/errors";
import type { FromWorker, ToWorker } from "./logReader";
import { createLogTasks, type LogTask } from "./logTasks";
import type { ForeignRunReader } from "./readForeignRun";

if (parentPort) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
  const tasks = createLogTasks({ isAlive: isAliveLater, openForeign: openForeignLater });
  const going = new Map<number, AbortController>();
  const send = (message: FromWorker) => port.postMessage(message);
  const begin = async ({ id, task, args, mayWrite }: Extract<ToWorker, { kind: "begin" }>) => {
    const controller = new AbortController();
    going.set(id, controller);
    const perform = tasks[task] as LogTask<unknown, unknown, unknown>;
    try {
      const emit = (part: unknown) => send({ kind: "part", id, part });
      const result = await perform(args, { signal: controller.signal, mayWrite, emit });
      send({ kind: "end", id, result });
    } catch (error) {
      send({ kind: "fail", id, error: asData(error) });
    } finally {
      going.delete(id);
    }
  };
  port.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "begin":
        void begin(message);
        return;
      case "abort":
        going.get(message.id)?.abort();
        return;
      default:
        assertNever(message);
    }
  });
}

/** What it takes is loaded with the first run that has no end. */
async function isAliveLater(dir: string): Promise<boolean> {
  const { isAlive } = await import("../store/isAlive");
  return await isAlive(dir);
}

/** All formats are loaded with the first log of another system. */
function openForeignLater(signal: AbortSignal): ForeignRunReader {
  let opening: Promise<ForeignRunReader> | undefined;
  return {
    async read(run) {
      opening ??= import("./readForeignRun").then(({ openForeignRunReader }) => openForeignRunReader(signal));
      return await (await opening).read(run);
    },
  };
}

/** Of an error of our own class, `structuredClone` would leave a plain one. */
function asData(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
