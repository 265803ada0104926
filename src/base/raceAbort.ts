/** Waits for work that may not heed its signal: once the signal is aborted the wait ends, whatever the work does. */
import type { Disposable } from "./disposable";

/**
 * Settles as `work` does, or rejects with the signal's reason.
 * @param grace delays that rejection, so that work which heeds the signal can end in its own way
 */
export function raceAbort<T>(
  work: Promise<T>,
  signal: AbortSignal,
  grace?: (giveUp: () => void) => Disposable,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: Disposable | undefined;
    const giveUp = () => reject(signal.reason);
    const onAbort = () => {
      if (grace) timer = grace(giveUp);
      else giveUp();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    work.then(resolve, reject).finally(() => {
      timer?.dispose();
      signal.removeEventListener("abort", onAbort);
    });
  });
}
