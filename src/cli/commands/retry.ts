/** `runtrail retry`: makes again what failed, and keeps what succeeded. */
import type { CliCommand } from "../cliCommand";
import { addRecordedRunOptions, atLeast, type ModelOptions, type PrintOptions } from "../runOptions";

export interface RetryOptions extends ModelOptions, PrintOptions {
  step?: number;
}

export const retryCommand: CliCommand = {
  name: "retry",
  register(program, context) {
    const command = program
      .command("retry")
      .description("make again what failed in a run; what succeeded is kept")
      .argument("<run>", "the run (the beginning of its id is enough)")
      .option(
        "--step <n>",
        "only the calls that failed in this step, in a new run (default: a run that ended early goes on itself)",
        atLeast(1),
      );
    addRecordedRunOptions(command).action(async (id: string, options: RetryOptions) => {
      const [{ retryLaunch }, { goOnCommandOf, playRecorded }] = await Promise.all([
        import("../recordedLaunch"),
        import("../playRecorded"),
      ]);
      const launch = await retryLaunch(options, goOnCommandOf(options), { id, io: context.io });
      context.finish(await playRecorded(launch, options, context));
    });
  },
};
