/** What the terminal needs of the process: streams, environment, folder, signals. Tests supply their own. */
import type { Readable, Writable } from "node:stream";
import type { Event } from "../base/bus";
import type { Disposable } from "../base/disposable";

export type OutputStream = Writable & { isTTY?: boolean | undefined };

export interface CliIo {
  stdin: Readable;
  stdout: OutputStream;
  stderr: OutputStream;
  env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  cwd: string;
  clock: CliClock;
  /** SIGINT, SIGTERM, SIGHUP. */
  onSignal: Event<string>;
  /** Ends the process at once, without cleaning up. */
  exit(code: number): void;
  /** A person who can be asked; `undefined` where there is none. The caller closes it. */
  openTerminal(): Terminal | undefined;
}

export interface CliClock {
  /** Unix ms. */
  now(): number;
  /** Calls `action` again and again until disposed of. */
  every(ms: number, action: () => void): Disposable;
}

export interface Terminal {
  /** The line typed, without its end; `undefined` where input ended. Rejects when the signal is aborted. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  close(): void;
}
