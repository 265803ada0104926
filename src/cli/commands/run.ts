/** `runtrail run`: one JSON event per line on standard output as it happens, and nothing else there. */

import { exitCodeOf } from "../../app/exitCodes";
import type { CliCommand } from "../cliCommand";
import { describeEnding } from "../describeEnding";
import type { RunOptions } from "../runOptions";
import { addRunOptions, requestOf } from "../runOptions";

export const runCommand: CliCommand = {
  name: "run",
  register(program, context) {
    addRunOptions(program.command("run"))
      .description("run an expert; every event is one line of JSON on standard output")
      .option("--stream", "print the live events too: text and reasoning as they come in")
      .action(async (expertKey: string, query: string, options: RunOptions & { stream?: boolean }) => {
        const { io } = context;
        const request = await requestOf(expertKey, query, options, io);
        const [{ playRun }, { createEventPrinter }] = await Promise.all([
          import("../playRun"),
          import("../eventPrinter"),
        ]);
        const readerGone = new AbortController();
        const printer = createEventPrinter(io, options, () => readerGone.abort());
        const { outcome } = await playRun(request, context, printer, readerGone.signal);
        const ending = describeEnding(outcome);
        if (ending && !readerGone.signal.aborted) printer.notice(ending);
        await printer.flush();
        context.finish(exitCodeOf(outcome));
      });
  },
};
