/** `runtrail failures`: what failed in a run, small enough to be handed to a model. */
import { Option } from "commander";
import type { CliCommand } from "../cliCommand";
import { atLeast } from "../runOptions";

export interface FailuresOptions {
  run?: string;
  json?: boolean;
  markdown?: boolean;
  last?: number;
  workspace?: string;
}

export const failuresCommand: CliCommand = {
  name: "failures",
  register(program, context) {
    program
      .command("failures")
      .description("print the failing steps of a run in a few hundred tokens, for a person or a model")
      .argument("[run or path]", "a run (the beginning of its id is enough), or a file or folder of any system")
      .option("--run <id>", "which run, where there are several at the path")
      .addOption(
        new Option("--json", "one JSON object for each failure: type, step, grade, class, reason (default)").conflicts(
          "markdown",
        ),
      )
      .option("--markdown", "a list to be read, or pasted into an issue")
      .option("--last <n>", "what failed among so many events, the last that matter (default: 30)", atLeast(1))
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText(
        "after",
        "\nWithout a run it is the newest one that failed. The failures are on standard output; how many tokens they and\nthe whole log take (estimated) is on standard error, so that a pipe gets the failures alone.\n",
      )
      .action(async (wanted: string | undefined, options: FailuresOptions) => {
        const { showFailures } = await import("../showFailures");
        context.finish(await showFailures(wanted, options, context));
      });
  },
};
