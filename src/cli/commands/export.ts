/** `runtrail export`: a recorded job as another system's files. */
import { Option } from "commander";
import type { CliCommand } from "../cliCommand";

export interface ExportOptions {
  format: "perstack";
  out: string;
  workspace?: string;
}

export const exportCommand: CliCommand = {
  name: "export",
  register(program, context) {
    program
      .command("export")
      .description("write a recorded job as the files that another system keeps of one")
      .argument("<id>", "the job; or a run, which is written with its delegates (the beginning of the id is enough)")
      .addOption(new Option("--format <name>", "whose files").choices(["perstack"]).makeOptionMandatory())
      .requiredOption("--out <folder>", "a new or empty folder; “perstack/jobs” comes to lie in it")
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText("after", "\nWhat is recorded stays as it is. Neither keys nor the environment are written.\n")
      .action(async (id: string, options: ExportOptions) => {
        const { exportRuns } = await import("../exportRuns");
        context.finish(await exportRuns(id, options, context));
      });
  },
};
