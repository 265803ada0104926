/** `runtrail start`: the same run for a person, readable and live, with a summary at the end. */

import { exitCodeOf } from "../../app/exitCodes";
import type { CliCommand } from "../cliCommand";
import type { RunOptions } from "../runOptions";
import { addRunOptions, requestOf } from "../runOptions";

export const startCommand: CliCommand = {
  name: "start",
  register(program, context) {
    addRunOptions(program.command("start"))
      .description("run an expert and watch it: readable, with a progress line")
      .action(async (expertKey: string, query: string, options: RunOptions) => {
        const { io } = context;
        const request = await requestOf(expertKey, query, options, io);
        const [{ playRun }, { createLiveView }, { summarizeForPerson }, { coloursFor }] = await Promise.all([
          import("../playRun"),
          import("../liveView"),
          import("../runSummary"),
          import("../colours"),
        ]);
        const readerGone = new AbortController();
        const view = createLiveView(io, options, () => readerGone.abort());
        try {
          const { handle, outcome } = await playRun(request, context, view, readerGone.signal);
          const { dir, runId } = handle;
          const summary = { outcome, run: view.run, dir, runId, cwd: io.cwd };
          await view.finish(summarizeForPerson(summary, coloursFor(io.stdout, io)));
          context.finish(exitCodeOf(outcome));
        } catch (error) {
          await view.finish([]);
          throw error;
        }
      });
  },
};
