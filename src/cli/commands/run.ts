/** `runtrail run`: one JSON event per line on standard output as it happens, and nothing else there. */

import { Option } from "commander";
import type { CliCommand } from "../cliCommand";
import { addRunOptions, type RunOptions } from "../runOptions";

export const runCommand: CliCommand = {
  name: "run",
  register(program, context) {
    addRunOptions(program.command("run"))
      .description("run an expert; every event is one line of JSON on standard output")
      .option("--stream", "print the live events too: text and reasoning as they come in")
      .addOption(
        new Option("--events <whose>", "whose events are printed; perstack: in the place of “perstack run”")
          .choices(["runtrail", "perstack"])
          .default("runtrail"),
      )
      .action(async (expertKey: string, query: string | undefined, options: RunOptions & { stream?: boolean }) => {
        const [{ launchOf }, { printRun }] = await Promise.all([import("../launchRequest"), import("../printRun")]);
        const { config, workspace } = options;
        const command = { name: "run", config, workspace } as const;
        if (options.events === "perstack") {
          const { printPerstackRun } = await import("../printPerstackRun");
          context.finish(await printPerstackRun({ expertKey, query, options, command }, context));
          return;
        }
        const launch = await launchOf({ expertKey, query, options, command }, context.io);
        context.finish(await printRun(launch, options, command, context));
      });
  },
};
