/** Long work in pieces: others have the thread in between, and it ends when nobody wants it any more. */
import { setImmediate } from "node:timers/promises";

const pieceMs = 5;

/** To be awaited between pieces, as often as you like. Throws the signal's reason once that is aborted. */
export function createPace(signal?: AbortSignal): () => Promise<void> | undefined {
  let since = performance.now();
  const rest = async () => {
    await setImmediate();
    signal?.throwIfAborted();
    since = performance.now();
  };
  return () => (performance.now() - since > pieceMs ? rest() : undefined);
}
