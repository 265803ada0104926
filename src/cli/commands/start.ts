/** `runtrail start`: the same run for a person, readable and live, with a summary at the end. */

import type { CliCommand } from "../cliCommand";
import { addRunOptions, type RunOptions, termsOf } from "../runOptions";

export const startCommand: CliCommand = {
  name: "start",
  register(program, context) {
    addRunOptions(program.command("start"))
      .description("run an expert and watch it: readable, with a progress line; what it asks is answered there")
      .action(async (expertKey: string, query: string | undefined, options: RunOptions) => {
        const [{ launchOf }, { watchRun }] = await Promise.all([import("../launchRequest"), import("../watchRun")]);
        const { config, workspace, verbose } = options;
        const command = { name: "start", config, workspace } as const;
        const launch = await launchOf({ expertKey, query, options, command }, context.io);
        const terms = await termsOf(options, context.io);
        context.finish(await watchRun(launch, { terms, verbose }, command, context));
      });
  },
};
