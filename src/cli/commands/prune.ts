/** `runtrail prune`: deletes old jobs, or says which it would. */
import { InvalidArgumentError } from "commander";
import type { CliCommand } from "../cliCommand";
import { parseAge } from "../parseAge";

export interface PruneOptions {
  /** Unix ms: what was last heard of before goes. */
  olderThan: number;
  keepFailed?: boolean;
  includeWaiting?: boolean;
  dryRun?: boolean;
  json?: boolean;
  workspace?: string;
}

export const pruneCommand: CliCommand = {
  name: "prune",
  register(program, context) {
    const { clock } = context.io;
    program
      .command("prune")
      .description("delete old jobs with all their runs; what runs or waits for an answer stays")
      .requiredOption(
        "--older-than <age>",
        "not heard of for so long, such as 90m, 12h, 30d, 8w, or since a date",
        (value) => {
          const moment = parseAge(value, clock.now());
          if (moment !== undefined) return moment;
          throw new InvalidArgumentError(
            "It must be an age such as 90m, 12h, 30d or 8w, or a date before now such as 2026-01-31.",
          );
        },
      )
      .option("--keep-failed", "keep jobs whose newest run failed")
      .option("--include-waiting", "delete jobs that wait for an answer too")
      .option("--dry-run", "only say what would go")
      .option("--json", "one JSON object")
      .option(
        "--workspace <folder>",
        "the folder whose jobs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText("after", "\nWhat is deleted is gone for good: there is no trash. Try --dry-run first.\n")
      .action(async (options: PruneOptions) => {
        const { pruneJobs } = await import("../pruneJobs");
        context.finish(await pruneJobs(options, context));
      });
  },
};
