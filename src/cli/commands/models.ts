/** `runtrail models`: which models can be used now, and why the others cannot. */
import type { CliCommand } from "../cliCommand";

export interface ModelsOptions {
  config?: string;
  json?: boolean;
}

export const modelsCommand: CliCommand = {
  name: "models",
  register(program, context) {
    program
      .command("models")
      .description("list the models that can be used now, and why the others cannot")
      .option("--config <path>", "the perstack.toml whose settings count (default: the nearest one from here upward)")
      .option("--json", "one JSON object")
      .addHelpText("after", "\nA model is chosen with --provider and --model of run, or in perstack.toml.\n")
      .action(async (options: ModelsOptions) => {
        const { showModels } = await import("../showModels");
        context.finish(await showModels(options, context));
      });
  },
};
