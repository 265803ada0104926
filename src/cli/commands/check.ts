/** `runtrail check`: validates definitions, every problem at its place. */
import type { CliCommand } from "../cliCommand";

export interface CheckOptions {
  json?: boolean;
}

export const checkCommand: CliCommand = {
  name: "check",
  register(program, context) {
    program
      .command("check")
      .description("validate perstack.toml: every problem with its line and column")
      .argument("[path]", "a definition, or a folder with definitions in it (default: the current folder)")
      .option("--json", "one JSON object with every file and problem")
      .addHelpText("after", "\nExit codes: 0 without errors (warnings are allowed), 2 with errors.\n")
      .action(async (path: string | undefined, options: CheckOptions) => {
        const { checkDefinitions } = await import("../checkDefinitions");
        context.finish(await checkDefinitions(path, options, context));
      });
  },
};
