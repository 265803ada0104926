/** The view of `runtrail run --events perstack`: Perstack's events as JSON lines on stdout, live and in their order. */
import type { JobTeller } from "../app/jobTeller";
import { isLive } from "../model/eventKinds";
import type { AnyEvent, EventOf } from "../model/events";
import { describeEvent } from "../model/eventText";
import type { CliIo } from "./cliIo";
import type { EventPrinter } from "./eventPrinter";
import { createLineWriter } from "./lineWriter";

export interface PerstackPrinter extends EventPrinter {
  /** Why the run did not begin at all, which Perstack says with no event; to be asked after `flush`. */
  readonly refusal: EventOf<"errorRun"> | undefined;
}

/**
 * @param openTeller once the run is there
 * @param onReaderGone is called once when stdout can no longer be written.
 */
export function createPerstackPrinter(
  { stdout, stderr }: CliIo,
  { verbose = false }: { verbose?: boolean },
  openTeller: () => JobTeller,
  onReaderGone: () => void,
): PerstackPrinter {
  const errors = createLineWriter(stderr, () => undefined);
  const lines = createLineWriter(stdout, (reason) => {
    if (reason !== undefined) errors.write(`Standard output cannot be written: ${reason}. The run is cancelled.`);
    onReaderGone();
  });
  let teller: JobTeller | undefined;
  let start: AnyEvent | undefined;
  let refusal: EventOf<"errorRun"> | undefined;
  const print = async (event: AnyEvent) => {
    teller ??= openTeller();
    for (const told of await teller.tell(event)) lines.write(JSON.stringify(told));
  };
  const take = async (event: AnyEvent) => {
    if (verbose && !isLive(event)) errors.write(describeEvent(event).text);
    // Without a model there is no run for Perstack: what follows the start decides.
    if (!teller && !start && event.type === "startRun") {
      start = event;
      return;
    }
    const held = start;
    start = undefined;
    if (held && event.type === "errorRun" && event.error.class === "provider_auth") {
      refusal = event;
      return;
    }
    if (held) await print(held);
    await print(event);
  };
  let queue = Promise.resolve();
  return {
    show(event) {
      queue = queue.then(() => take(event));
    },
    notice: (line) => errors.write(line),
    hold: () => () => undefined,
    get refusal() {
      return refusal;
    },
    async flush() {
      await queue;
      if (start) await print(start);
      await lines.flush();
      await errors.flush();
    },
  };
}
