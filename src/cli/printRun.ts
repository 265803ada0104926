/** Plays a run for a program: its events as JSON lines on standard output, what people need to know beside them. */
import { exitCodeOf } from "../app/exitCodes";
import type { CliContext } from "./cliCommand";
import { describeEnding } from "./describeEnding";
import { createEventPrinter } from "./eventPrinter";
import type { GoOnCommand } from "./howToGoOn";
import type { Launch } from "./launchRequest";
import { playRun } from "./playRun";

/** @returns the exit code. Throws `UserError`. */
export async function printRun(
  launch: Launch,
  options: { stream?: boolean; verbose?: boolean },
  command: GoOnCommand,
  context: CliContext,
): Promise<number> {
  const readerGone = new AbortController();
  const printer = createEventPrinter(context.io, options, () => readerGone.abort());
  const { outcome, run } = await playRun(launch, context, printer, { signal: readerGone.signal });
  if (!readerGone.signal.aborted) for (const line of describeEnding(outcome, run, command)) printer.notice(line);
  await printer.flush();
  return exitCodeOf(outcome);
}
