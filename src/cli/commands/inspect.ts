/** `runtrail inspect`: a run as readable lines sorted by time, or as one page with graph, table and timeline. */
import { Option } from "commander";
import { type EventLevel, eventLevels } from "../../model/eventLine";
import type { CliCommand } from "../cliCommand";

export interface InspectOptions {
  run?: string;
  time?: boolean;
  level?: EventLevel;
  html?: boolean;
  output?: string;
  force?: boolean;
  workspace?: string;
}

export const inspectCommand: CliCommand = {
  name: "inspect",
  register(program, context) {
    program
      .command("inspect")
      .description("print a run with its delegates as lines sorted by time, or as one HTML page")
      .argument("[run or path]", "a run (the beginning of its id is enough), or a file or folder of any system")
      .option("--run <id>", "which run, where there are several at the path")
      .option("--time", "begin each line with its time (UTC)")
      .addOption(new Option("--level <level>", "what matters at least so much").choices(eventLevels).default("trace"))
      .option("--html", "one self-contained page with graph, table and timeline, on standard output")
      .option("-o, --output <file>", "write it to this file, which must be new")
      .option("--force", "with -o: replace the file")
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText(
        "after",
        "\nWithout a run or path it is the newest run of the workspace. The page loads nothing from anywhere: it can be mailed.\n",
      )
      .action(async (wanted: string | undefined, options: InspectOptions) => {
        const { showInspect } = await import("../showInspect");
        context.finish(await showInspect(wanted, options, context));
      });
  },
};
