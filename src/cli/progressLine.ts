/** The last line of a terminal that says what goes on; other lines are written above it. */
import type { Disposable } from "../base/disposable";
import type { CliIo } from "./cliIo";
import type { LineWriter } from "./lineWriter";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;
const clearLine = "\r\u001b[2K";
// A line wider than the terminal must not wrap: only its last row could be cleared.
const withoutWrap = (text: string) => `\u001b[?7l${text}\u001b[?7h`;

export interface ProgressLine extends Disposable {
  /** Writes lines that stay. */
  write(...lines: string[]): void;
  /** Nothing is drawn, and lines wait, until the answer is called. */
  hold(): () => void;
}

/** @param text what to show now; "" shows nothing. Where stdout is no terminal nothing is ever shown. */
export function createProgressLine({ stdout, clock }: CliIo, lines: LineWriter, text: () => string): ProgressLine {
  let isDrawn = false;
  let held = 0;
  let waiting: string[] = [];
  let frame = 0;
  const clear = () => {
    if (isDrawn && !lines.isBroken) stdout.write(clearLine);
    isDrawn = false;
  };
  const draw = () => {
    frame = (frame + 1) % frames.length;
    const now = text();
    if (held > 0 || now === "" || lines.isBroken) return;
    stdout.write(`${clearLine}${withoutWrap(`${frames[frame]} ${now}`)}`);
    isDrawn = true;
  };
  const writeWaiting = () => {
    if (waiting.length === 0) return;
    clear();
    for (const line of waiting) lines.write(line);
    waiting = [];
  };
  const ticking = stdout.isTTY ? clock.every(frameMs, draw) : undefined;
  return {
    write(...texts) {
      waiting.push(...texts);
      if (held === 0) writeWaiting();
    },
    hold() {
      clear();
      held += 1;
      return () => {
        held -= 1;
        if (held === 0) writeWaiting();
      };
    },
    dispose() {
      ticking?.dispose();
      clear();
      writeWaiting();
    },
  };
}
