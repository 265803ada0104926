/** `runtrail install`: writes perstack.lock, so that runs need not wait for the servers of their skills. */
import type { CliCommand } from "../cliCommand";
import { append } from "../runOptions";

export interface InstallOptions {
  config?: string;
  envPath?: string[];
}

export const installCommand: CliCommand = {
  name: "install",
  register(program, context) {
    program
      .command("install")
      .description("ask the servers of all skills for their tools and write them to perstack.lock")
      .option("--config <path>", "the perstack.toml to use (default: the nearest one from here upward)")
      .option(
        "--env-path <path>",
        "a file with environment variables, may be repeated (default: .env, .env.local)",
        append,
      )
      .addHelpText(
        "after",
        "\nIt starts the servers that perstack.toml names. Exit codes: 0 where all of them answered, 1 where one did not.\n",
      )
      .action(async (options: InstallOptions) => {
        const { installLock } = await import("../installLock");
        context.finish(await installLock(options, context));
      });
  },
};
