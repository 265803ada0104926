/** A run index that reads on this thread; what goes wrong fails the test. */
import { createRunIndex, type LiveRunIndex, type RunIndexOptions } from "../../src/app/createRunIndex";
import { createLogReader } from "../../src/app/logReader";

export function openRunIndex(options: Partial<RunIndexOptions> = {}): LiveRunIndex {
  return createRunIndex({
    logs: createLogReader({ mayWrite: () => false }),
    onError(error) {
      throw error;
    },
    ...options,
  });
}
