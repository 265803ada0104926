/** The person at the terminal: one question at a time, and nothing else on the screen while it stands. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { CliIo, Terminal } from "./cliIo";

export interface TerminalDialog {
  /** Asks when the earlier questions are answered; `undefined` where there is no terminal. Rejects as `ask` does. */
  hold<T>(ask: (terminal: Terminal) => Promise<T>): Promise<T | undefined>;
  dispose(): void;
}

/** @param around holds back other output while a question stands; answers with what ends that. */
export function createTerminalDialog(io: CliIo, around: () => () => void): TerminalDialog {
  let terminal: Terminal | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const holdNext = async <T>(ask: (terminal: Terminal) => Promise<T>): Promise<T | undefined> => {
    terminal ??= io.openTerminal();
    if (!terminal) return undefined;
    // Events come in batches once a turn: what happened before the question shall stand above it.
    await nextTurn();
    const resume = around();
    try {
      return await ask(terminal);
    } finally {
      resume();
    }
  };
  return {
    hold(ask) {
      const answer = last.then(() => holdNext(ask));
      last = answer.catch(() => undefined);
      return answer;
    },
    dispose: () => terminal?.close(),
  };
}
