/** How many runs go on at the same time; the others wait, in the order they came. */
import PQueue from "p-queue";

export interface RunQueue {
  /** Resolves when a run may begin, at once where it was cancelled; it counts as going on until `run` has settled. */
  turn(run: Promise<unknown>, signal: AbortSignal): Promise<void>;
}

/** @param width asked for each time a run comes: at least 1 */
export function createRunQueue(width: () => number): RunQueue {
  const queue = new PQueue({ concurrency: 1 });
  return {
    turn(run, signal) {
      queue.concurrency = Math.max(1, width());
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
        void queue.add(async () => {
          resolve();
          await run.catch(() => undefined);
        });
      });
    },
  };
}
