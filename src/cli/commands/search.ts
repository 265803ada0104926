/** `runtrail search`: the events that say something, are of a kind, or ended in a way, in one run or in all of them. */
import { InvalidArgumentError, Option } from "commander";
import type { CliCommand } from "../cliCommand";
import { append, atLeast } from "../runOptions";

export interface SearchOptions {
  in?: string;
  job?: string;
  run?: string;
  type?: string[];
  tool?: string[];
  expert?: string[];
  failed?: boolean;
  status?: string;
  step?: string[];
  after?: string;
  before?: string;
  minCost?: string;
  maxCost?: string;
  minDuration?: string;
  maxDuration?: string;
  /** False with --ignore-case, true with --case-sensitive. */
  caseSensitive?: boolean;
  ignoreCase?: boolean;
  reverse?: boolean;
  limit?: number;
  json?: boolean;
  count?: boolean;
  workspace?: string;
}

export const searchCommand: CliCommand = {
  name: "search",
  register(program, context) {
    program
      .command("search")
      .description("find events by what they say, their type, tool, time, cost …, in one run or in all of them")
      .argument("[words...]", "all of these, in any order; filters such as type:failGate may stand among them")
      .option(
        "--in <path>",
        "a file or folder with runs: a workspace, a job, a run, a log, of any system that is known",
      )
      .option("--job <id>", "the runs of this job (the beginning of its id is enough)")
      .option("--run <id or path>", "this run (the beginning of its id is enough), or what lies at the path")
      .option("--type <type>", "events of this type only, may be repeated", append)
      .option("--tool <name>", "calls of this tool only, may be repeated", append)
      .option("--expert <key>", "events of this expert only, may be repeated", append)
      .option("--failed", "what failed only")
      .addOption(
        new Option("--status <status>", "what ended so only: failed, ok, fatal, blocked or recovered").conflicts(
          "failed",
        ),
      )
      .option("--step <n>", "these steps only: 3, 3..7 or >10, may be repeated", append)
      .option("--after <time>", "from then on: a date, or how long ago, such as 90s, 30m, 12h or 8w")
      .option("--before <time>", "until then")
      .option("--min-cost <usd>", "what cost so much or more", amount)
      .option("--max-cost <usd>", "what cost so much or less", amount)
      .option("--min-duration <time>", "what took so long or longer: 300ms, 2s, 5m", amount)
      .option("--max-duration <time>", "what took so long or less", amount)
      .option("-i, --ignore-case", "capital and small letters are the same (default: where the words have no capital)")
      .addOption(new Option("-s, --case-sensitive", "capital and small letters are different").conflicts("ignoreCase"))
      .option("--reverse", "the oldest first (default: the newest)")
      .option("--limit <n>", "at most so many", atLeast(1))
      .addOption(new Option("--json", "for programs: each event as a line of JSON").conflicts("count"))
      .option("--count", "only how many there are")
      .option(
        "--workspace <folder>",
        "the folder whose runs these are (default: the nearest one with runs or a perstack.toml)",
      )
      .addHelpText(
        "after",
        "\nEach line: time, run, step, type, and what happened. The exit code is 0 where something was found, 1 where nothing\nwas. Large results, which lie beside a log, are searched as far as the log has them. Logs are read only.\n",
      )
      .action(async (words: string[], options: SearchOptions) => {
        const { showSearch } = await import("../showSearch");
        context.finish(await showSearch(words, options, context));
      });
  },
};

/** What it means is known once it is read as a filter; a range belongs there. */
function amount(value: string): string {
  if (/^\$?[\d.]/u.test(value) && !value.includes("..")) return value;
  throw new InvalidArgumentError("It must begin with a number.");
}
