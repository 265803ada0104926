/** The view of `runtrail run`: events as JSON lines on stdout; on stderr, what `--verbose` tells. */

import { isLive } from "../model/eventKinds";
import type { AnyEvent } from "../model/events";
import { describeEvent } from "../model/eventText";
import type { CliIo } from "./cliIo";
import { createLineWriter } from "./lineWriter";
import type { RunView } from "./playRun";

export interface EventPrinter extends RunView {
  flush(): Promise<void>;
}

/** @param onReaderGone is called once when stdout can no longer be written. */
export function createEventPrinter(
  { stdout, stderr }: CliIo,
  { stream = false, verbose = false }: { stream?: boolean; verbose?: boolean },
  onReaderGone: () => void,
): EventPrinter {
  const errors = createLineWriter(stderr, () => undefined);
  const lines = createLineWriter(stdout, (reason) => {
    if (reason !== undefined) errors.write(`Standard output cannot be written: ${reason}. The run is cancelled.`);
    onReaderGone();
  });
  return {
    show(event: AnyEvent) {
      if (stream || !isLive(event)) lines.write(JSON.stringify(event));
      if (verbose && !isLive(event)) errors.write(describeEvent(event).text);
    },
    notice: (line) => errors.write(line),
    hold: () => () => undefined,
    async flush() {
      await lines.flush();
      await errors.flush();
    },
  };
}
