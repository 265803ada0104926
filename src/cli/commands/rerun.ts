/** `runtrail rerun`: the same query again, in a new job. */
import type { CliCommand } from "../cliCommand";
import { addRecordedRunOptions, type ModelOptions, type PrintOptions } from "../runOptions";

export const rerunCommand: CliCommand = {
  name: "rerun",
  register(program, context) {
    const command = program
      .command("rerun")
      .description("run the expert of an earlier run again with the same query, in a new job")
      .argument("<run>", "the run (the beginning of its id is enough)")
      .option("--job-id <id>", "the id of the new job");
    addRecordedRunOptions(command).action(async (id: string, options: ModelOptions & PrintOptions) => {
      const [{ rerunLaunch }, { playRecorded }] = await Promise.all([
        import("../recordedLaunch"),
        import("../playRecorded"),
      ]);
      const launch = await rerunLaunch(options, { id, io: context.io });
      context.finish(await playRecorded(launch, options, context));
    });
  },
};
