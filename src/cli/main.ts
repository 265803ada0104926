/** The `runtrail` program: gives the command line its process. */
import { Emitter } from "../base/bus";
import type { Disposable } from "../base/disposable";
import { openTerminal } from "./openTerminal";
import { runCli } from "./runCli";

const signals = new Emitter<string>((error) => {
  throw error;
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => signals.fire(name));

const { stdin, stdout, stderr, env } = process;
// Who writes minds a reader that left; for those who do not, it must not end the program with a stack trace.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
const exitCode = await runCli(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  env,
  cwd: process.cwd(),
  clock: { now: Date.now, every },
  onSignal: signals.event,
  exit: (code) => process.exit(code),
  openTerminal: () => openTerminal(stdin, stderr),
});
// Connections that a provider keeps alive must not keep the program alive, nor may leaving cut off its output.
await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => void stream.write("", resolve))));
process.exit(exitCode);

function every(ms: number, action: () => void): Disposable {
  const timer = setInterval(action, ms);
  return { dispose: () => clearInterval(timer) };
}
