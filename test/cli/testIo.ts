/** Standard streams, signals and a person at the terminal for a command line that runs inside a test. */
import { PassThrough, Readable, Writable } from "node:stream";
import { Emitter } from "../../src/base/bus";
import type { CliIo, OutputStream, Terminal } from "../../src/cli/cliIo";

export interface TestIo extends CliIo {
  out(): string;
  err(): string;
  /** The JSON lines on stdout. */
  events(): Record<string, unknown>[];
  signal(name: string): void;
  /** Calls what waits for the clock to tick. */
  tick(): void;
  exits: number[];
  questions: string[];
}

export interface TestIoOptions {
  cwd: string;
  input?: string;
  isTTY?: boolean;
  env?: Record<string, string>;
  /** Answers of the person at the terminal, in order; without them there is no terminal. */
  answers?: string[];
  stdout?: OutputStream;
}

export function createTestIo({ cwd, input = "", isTTY = false, env = {}, answers, stdout }: TestIoOptions): TestIo {
  const out = collect(isTTY);
  const err = collect(isTTY);
  const signals = new Emitter<string>((error) => {
    throw error;
  });
  const ticks = new Set<() => void>();
  const exits: number[] = [];
  const questions: string[] = [];
  const waiting = [...(answers ?? [])];
  const terminal: Terminal = {
    ask: async (question) => {
      questions.push(question);
      return waiting.shift();
    },
    close: () => undefined,
  };
  return {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: stdout ?? out.stream,
    stderr: err.stream,
    env,
    cwd,
    clock: {
      now: () => 60_000,
      every: (_ms, action) => {
        ticks.add(action);
        return { dispose: () => ticks.delete(action) };
      },
    },
    onSignal: signals.event,
    exit: (code) => exits.push(code),
    openTerminal: () => (answers ? terminal : undefined),
    out: out.text,
    err: err.text,
    events: () =>
      out
        .text()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
    signal: (name) => signals.fire(name),
    tick: () => {
      for (const action of [...ticks]) action();
    },
    exits,
    questions,
  };
}

function collect(isTTY: boolean): { stream: OutputStream; text(): string } {
  const chunks: Buffer[] = [];
  const stream: OutputStream = new PassThrough();
  stream.isTTY = isTTY;
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => Buffer.concat(chunks).toString("utf8") };
}

/** An output that takes `whole` lines and then fails with `code`, as a pipe does whose reader left. */
export function failingOutput(whole: number, code: string): OutputStream & { taken: string[] } {
  const taken: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      if (taken.length >= whole) return done(Object.assign(new Error(`write ${code}`), { code }));
      taken.push(String(chunk));
      done();
    },
  });
  return Object.assign(stream, { taken });
}
