/** `runtrail fork`: a new job that branches off from a checkpoint of an earlier run. */
import { InvalidArgumentError, Option } from "commander";
import type { CliCommand } from "../cliCommand";
import type { ForkPlace, WantedEdit } from "../forkPoint";
import { addRecordedRunOptions, atLeast, type ModelOptions, type PrintOptions } from "../runOptions";

export interface ForkOptions extends ModelOptions, PrintOptions, ForkPlace {
  edit?: WantedEdit;
  list?: boolean;
  newInstruction?: boolean;
  expert?: string;
}

export const forkCommand: CliCommand = {
  name: "fork",
  register(program, context) {
    const command = program
      .command("fork")
      .description("branch off from an earlier run: a new job with the same conversation up to a checkpoint")
      .argument("<run>", "the run (the beginning of its id is enough)")
      .argument("[query]", "what to say next; “-” reads it from standard input")
      .addOption(
        new Option("--step <n>", "from the end of this step (default: the newest checkpoint)").argParser(atLeast(1)),
      )
      .addOption(new Option("--checkpoint <id>", "from this checkpoint").conflicts("step"))
      .option(
        "--edit <message=text>",
        "another text in the place of a message, by its number or id; what came after it is dropped; “-” reads the text from standard input",
        parseEdit,
      )
      .option("--list", "only show the messages that can be edited, with their numbers")
      .option("--new-instruction", "with the instruction as perstack.toml has it now, instead of the recorded one")
      .option("--expert <key>", "with another expert")
      .option("--job-id <id>", "the id of the new job");
    addRecordedRunOptions(command).action(async (id: string, query: string | undefined, options: ForkOptions) => {
      const { playRecorded, printEditable } = await import("../playRecorded");
      if (options.list) return context.finish(await printEditable(id, options, context));
      const { forkLaunch } = await import("../recordedLaunch");
      const launch = await forkLaunch(query, options, { id, io: context.io });
      context.finish(await playRecorded(launch, options, context));
    });
  },
};

function parseEdit(value: string): WantedEdit {
  const at = value.indexOf("=");
  if (at > 0) return { message: value.slice(0, at), text: value.slice(at + 1) };
  throw new InvalidArgumentError("It must be the number of a message and its new text, such as 2=“Be brief.”");
}
