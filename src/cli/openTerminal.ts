/** A person to ask: on stdin and stderr where both are a terminal, else on the controlling terminal itself. */
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import type { Terminal } from "./cliIo";

export function openTerminal(stdin: Readable & { isTTY?: boolean }, stderr: Writable & { isTTY?: boolean }) {
  return stdin.isTTY && stderr.isTTY ? terminalOn(stdin, stderr, () => stdin.pause()) : openControllingTerminal();
}

/** `/dev/tty` stays the person's even where stdin is a query and stdout and stderr are files. */
function openControllingTerminal(): Terminal | undefined {
  const opened: number[] = [];
  try {
    opened.push(openSync("/dev/tty", "r"), openSync("/dev/tty", "w"));
    const [from = -1, to = -1] = opened;
    const input = new ReadStream(from);
    const output = new WriteStream(to);
    return terminalOn(input, output, () => {
      input.destroy();
      output.destroy();
    });
  } catch {
    for (const descriptor of opened) closeSync(descriptor);
    return undefined;
  }
}

export function terminalOn(input: Readable, output: Writable, release: () => void): Terminal {
  // Not as a terminal of readline's: that would take Ctrl-C away from the process.
  const lines = createInterface({ input, terminal: false });
  let isOver = false;
  lines.once("close", () => {
    isOver = true;
  });
  return {
    ask(question, signal) {
      output.write(question);
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          lines.off("line", onLine);
          lines.off("close", onClose);
          signal.removeEventListener("abort", onAbort);
          finish();
        };
        const onLine = (line: string) => settle(() => resolve(line));
        const onClose = () => settle(() => resolve(undefined));
        const onAbort = () => settle(() => reject(signal.reason));
        if (isOver) return onClose();
        if (signal.aborted) return onAbort();
        lines.on("line", onLine);
        lines.on("close", onClose);
        signal.addEventListener("abort", onAbort);
      });
    },
    close() {
      lines.close();
      release();
    },
  };
}
