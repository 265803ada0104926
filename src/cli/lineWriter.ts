/** Writes lines to an output that may go away (`| head -1`): that is told once, and nothing is written after it. */
import { codeOf, messageOf } from "../base/errors";
import type { OutputStream } from "./cliIo";

export interface LineWriter {
  /** Must not be called with a line break inside `line`. */
  write(line: string): void;
  /** Resolves when everything is written or the output is gone. */
  flush(): Promise<void>;
  readonly isBroken: boolean;
  dispose(): void;
}

/**
 * Node writes to pipes and files at once, so a slow reader holds the writer back; only on Windows lines wait in memory.
 * @param onBroken `reason` is set where it is not simply a reader that left, such as a full disk.
 */
export function createLineWriter(stream: OutputStream, onBroken: (reason: string | undefined) => void): LineWriter {
  let isBroken = false;
  let release: (() => void) | undefined;
  const onError = (error: unknown) => {
    if (isBroken) return;
    isBroken = true;
    const code = codeOf(error);
    release?.();
    onBroken(code === "EPIPE" || code === "ERR_STREAM_DESTROYED" ? undefined : messageOf(error));
  };
  stream.on("error", onError);
  return {
    get isBroken() {
      return isBroken;
    },
    write(line) {
      if (!isBroken) stream.write(`${line}\n`);
    },
    async flush() {
      if (isBroken) return;
      await new Promise<void>((resolve) => {
        release = resolve;
        stream.write("", () => resolve());
      });
    },
    // The listener stays: a late EPIPE without one would end the process with a stack trace.
    dispose() {
      isBroken = true;
    },
  };
}
