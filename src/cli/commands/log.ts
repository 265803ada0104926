/** `runtrail log`: lists the runs of a workspace, or prints some of them. */
import { Option } from "commander";
import type { CliCommand } from "../cliCommand";
import { append, atLeast } from "../runOptions";

export interface LogOptions {
  /** Of the workspace, job, run or log that is meant. */
  path?: string;
  job?: string;
  run?: string;
  step?: number;
  type?: string[];
  errors?: boolean;
  tools?: boolean;
  context?: number;
  summary?: boolean;
  json?: boolean;
  take?: number;
  workspace?: string;
}

export const logCommand: CliCommand = {
  name: "log",
  register(program, context) {
    program
      .command("log")
      .description("list the runs of this workspace, or print some of them")
      .argument("[path]", "a file or folder with runs: a workspace, a job, a run, a log, of any system that is known")
      .option("--job <id>", "the runs of this job (the beginning of its id is enough)")
      .option("--run <id>", "this run (the beginning of its id is enough)")
      .option("--step <n>", "this step only", atLeast(0))
      .option("--type <type>", "events of this type only, may be repeated", append)
      .option("--errors", "what failed only")
      .option("--tools", "tool calls only")
      .option("--context <n>", "with a filter: so many events before and after each", atLeast(0))
      .option("--summary", "how each run went and what failed in it")
      .option("--json", "for programs: events as JSON lines; with --summary or for the list, one JSON object")
      .addOption(
        new Option("--take <n>", "at most so many runs, the newest; 0: all (default: 50; all with --json)").argParser(
          atLeast(0),
        ),
      )
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText(
        "after",
        "\nWithout --job, --run and a path a filter shows the newest run. Logs are read only, never changed.\nWhat --summary --json prints is described in docs/cli.md; the systems: Runtrail, Perstack, Conductor Loop, Runner,\nOpenExpertise, OpenTelemetry, and sessions of Claude Code, Codex and Gemini CLI.\n",
      )
      .action(async (path: string | undefined, options: LogOptions) => {
        const { showLog } = await import("../showLog");
        context.finish(await showLog({ ...options, ...(path !== undefined && { path }) }, context));
      });
  },
};
