/** `runtrail export`: recorded runs, of whichever system, as another system's files. */
import { Option } from "commander";
import { type WrittenFormatName, writtenFormatNames } from "../../formats/format";
import type { CliCommand } from "../cliCommand";

export interface ExportOptions {
  format: WrittenFormatName;
  out: string;
  run?: string;
  workspace?: string;
}

export const exportCommand: CliCommand = {
  name: "export",
  register(program, context) {
    program
      .command("export")
      .description("write recorded runs as the files that another system keeps of them")
      .argument(
        "<id or path>",
        "a job; or a run, which is written with its delegates (the beginning of the id is enough); or a file or folder of any system",
      )
      .addOption(new Option("--format <name>", "whose files").choices(writtenFormatNames).makeOptionMandatory())
      .requiredOption("--out <folder>", "a new or empty folder; of several jobs each gets a folder in it")
      .option("--run <id>", "which run, where there are several at the path")
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText("after", "\nWhat is recorded stays as it is. Neither keys nor the environment are written.\n")
      .action(async (wanted: string, options: ExportOptions) => {
        const { exportRuns } = await import("../exportRuns");
        context.finish(await exportRuns(wanted, options, context));
      });
  },
};
