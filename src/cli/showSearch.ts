/** What `runtrail search` does: makes a query of its words and options, and prints events while they are found. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import type { RunSummary } from "../app/runIndex";
import { createLogSearcher, type SearchArgs, type SearchedLog, type SearchHit } from "../app/searchLogs";
import { UserError } from "../base/errors";
import { excerptOf } from "../model/eventExcerpt";
import type { EventQuery } from "../model/eventQuery";
import { describeHappening } from "../model/eventText";
import { failureOf } from "../model/failures";
import { formatTime } from "../model/formatting";
import { oneLine } from "../model/plainText";
import { parseQuery } from "../model/queryText";
import { quote } from "../model/queryTokens";
import type { CliContext } from "./cliCommand";
import { type Colours, colourOfGrade, coloursFor } from "./colours";
import type { SearchOptions } from "./commands/search";
import { findRuns } from "./findRuns";
import { createLineWriter } from "./lineWriter";
import { formatProblem } from "./logSummary";
import { openShelf, type RunShelf } from "./runShelf";

/** As with `grep`. */
const nothingFound = 1;

/** Throws `UserError`. */
export async function showSearch(
  words: readonly string[],
  options: SearchOptions,
  { io }: CliContext,
): Promise<number> {
  const query = queryOf(words, options, io.clock.now());
  const controller = new AbortController();
  const lines = createLineWriter(io.stdout, () => controller.abort());
  const errors = createLineWriter(io.stderr, () => undefined);
  const leaving = io.onSignal(() => {
    controller.abort();
    io.exit(exitCodes.cancelled);
  });
  try {
    const { shelf, runs } = await runsMeant(options, io.cwd);
    const colours = coloursFor(io.stdout, io);
    let printed = 0;
    const print = (hit: SearchHit) => {
      printed += 1;
      lines.write(options.json ? JSON.stringify(hit.event) : lineOf(hit, query, colours));
    };
    const args = argsOf(query, runs, shelf, options);
    const searcher = createLogSearcher(() => ({ read: async ({ dir, runId }) => await loadEvents(shelf, dir, runId) }));
    const context = {
      signal: controller.signal,
      mayWrite: false,
      emit: ({ hits }: { hits: SearchHit[] }) => hits.forEach(print),
    };
    const result = await searcher.searchLogs(args, context).catch((error: unknown) => {
      // Whoever read the output has seen enough.
      if (lines.isBroken || controller.signal.aborted) return undefined;
      throw error;
    });
    if (result && options.count) lines.write(String(result.hits));
    else if (result?.hits === 0) errors.write(runs.length === 0 ? noRunsIn(shelf) : "No event fits.");
    for (const problem of [...(result?.problems ?? []), ...shelf.problems]) errors.write(formatProblem(problem));
    await lines.flush();
    await errors.flush();
    return (result?.hits ?? printed) > 0 ? exitCodes.finished : nothingFound;
  } finally {
    leaving.dispose();
  }
}

/** The options are filters too; each word stands for itself, blanks and all. */
function queryOf(words: readonly string[], options: SearchOptions, now: number): EventQuery {
  const list = (name: string, values: readonly string[] = []) =>
    values.map((value) => `${name}:${/^[\w,]+$/u.test(value) ? value : quote(value)}`);
  const one = (name: string, value: string | undefined, sign = "") =>
    value === undefined ? [] : [`${name}:${quote(`${sign}${value}`)}`];
  const filters = [
    ...list("type", options.type),
    ...list("tool", options.tool),
    ...list("expert", options.expert),
    ...one("status", options.failed ? "failed" : options.status),
    ...(options.step ?? []).map((step) => `step:${quote(step)}`),
    ...one("after", options.after),
    ...one("before", options.before),
    ...one("cost", options.minCost, ">="),
    ...one("cost", options.maxCost, "<="),
    ...one("duration", options.minDuration, ">="),
    ...one("duration", options.maxDuration, "<="),
  ];
  const typed = words.map((word) => (/^[a-z]+:[^\s"]+$/iu.test(word) ? word : quote(word)));
  const { query, problems } = parseQuery([...typed, ...filters].join(" "), now);
  const [problem] = problems;
  if (problem) throw new UserError(problem.message);
  if (Object.keys(query).length === 0) {
    throw new UserError("Say what to look for: words, or filters such as --type failGate. “runtrail log” shows all.");
  }
  if (options.ignoreCase) return { ...query, isCaseSensitive: false };
  return options.caseSensitive ? { ...query, isCaseSensitive: true } : query;
}

/** Throws `UserError`. */
async function runsMeant(
  options: SearchOptions,
  cwd: string,
): Promise<{ shelf: RunShelf; runs: readonly RunSummary[] }> {
  const { in: place, job, run, workspace } = options;
  const isPath = place === undefined && run !== undefined && existsSync(resolve(cwd, run));
  const path = isPath ? run : place;
  const shelf = await openShelf({ path, workspace }, cwd, "head");
  const runs = findRuns(shelf.runs, { job, run: isPath ? undefined : run }, shelf.place);
  return { shelf, runs: options.reverse ? runs.toReversed() : runs };
}

function argsOf(query: EventQuery, runs: readonly RunSummary[], shelf: RunShelf, options: SearchOptions): SearchArgs {
  const logs = runs.map((run): SearchedLog => {
    const { dir, runId, source } = run;
    return source === undefined ? { dir, runId, file: shelf.journalOf(run) } : { dir, runId, source };
  });
  const { limit, reverse, count } = options;
  return { logs, query, limit, order: reverse ? "oldestFirst" : "newestFirst", isCounting: count };
}

async function loadEvents(shelf: RunShelf, dir: string, runId: string | undefined) {
  const run = shelf.runs.find((each) => each.dir === dir && each.runId === runId && each.source !== undefined);
  return run && (await shelf.load(run)).events;
}

function noRunsIn({ place }: RunShelf): string {
  return `There are no runs in ${place}.`;
}

/** "2026-02-03 14:05:06  8s2mab1x  step 3  failGate  gate coverage failed" */
function lineOf({ event }: SearchHit, query: EventQuery, colours: Colours): string {
  const { text } = describeHappening(event);
  const excerpt = excerptOf(event, query, text);
  const said = excerpt === "" ? text : `${oneLine(text, 120)} · “${excerpt}”`;
  const failure = failureOf(event);
  const parts = [
    colours.dim((formatTime(event.timestamp) || "-").padEnd(19)),
    colours.dim(oneLine(event.runId, 200).slice(0, 8).padEnd(8)),
    `step ${event.step}`,
    colours.bold(event.type),
    failure ? colourOfGrade(colours, failure.grade)(said) : said,
  ];
  return parts.join("  ");
}
