/** What `runtrail log` prints: the list, a summary, events as JSON, or the readable log. */
import { exitCodes } from "../app/exitCodes";
import type { LoadedRun, RunProblem, RunSummary } from "../app/runIndex";
import { UserError } from "../base/errors";
import { type EventType, isEventType } from "../model/events";
import { noSuchType } from "../model/queryText";
import { formatRunEvents, formatRunLog, type LogLine } from "../model/runLog";
import type { CliContext } from "./cliCommand";
import { type Colours, colourOfGrade, coloursFor } from "./colours";
import type { LogOptions } from "./commands/log";
import { findRuns } from "./findRuns";
import { createLineWriter, type LineWriter } from "./lineWriter";
import { isFiltering, type LogFilter, selectEvents, withBothEnds } from "./logSelection";
import { contractOf, formatProblem, formatSummary, type LogSummary, reportRun } from "./logSummary";
import { nestRuns } from "./nestRuns";
import { openShelf, type RunShelf } from "./runShelf";
import { formatRunTable } from "./runTable";

/** How many runs a person is shown where they do not say. */
const takenByDefault = 50;

interface Output {
  lines: LineWriter;
  errors: LineWriter;
  colours: Colours;
}

export async function showLog(options: LogOptions, { io }: CliContext): Promise<number> {
  const output: Output = {
    lines: createLineWriter(io.stdout, () => undefined),
    errors: createLineWriter(io.stderr, () => undefined),
    colours: coloursFor(io.stdout, io),
  };
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    await show(options, await openShelf(options, io.cwd), output);
    await output.lines.flush();
    await output.errors.flush();
    return exitCodes.finished;
  } finally {
    leaving.dispose();
  }
}

async function show(options: LogOptions, shelf: RunShelf, output: Output): Promise<void> {
  const filter: LogFilter = { ...options, types: options.type?.map(eventType) };
  const isOne = shelf.isOne || options.job !== undefined || options.run !== undefined;
  const { runs: all, place } = shelf;
  const meant = findRuns(all, options, place);
  // What a program reads is whole unless it says otherwise.
  const { take = options.json ? 0 : takenByDefault } = options;
  const taken = take > 0 ? meant.slice(0, take) : meant;
  if (options.summary || (options.json && !isOne && !isFiltering(filter))) {
    const summary = await summarize(taken, shelf);
    if (options.json) output.lines.write(JSON.stringify(contractOf(summary)));
    else for (const line of formatSummary(summary)) output.lines.write(line);
  } else if (isOne || isFiltering(filter)) {
    // Oldest first: a job is read from its beginning.
    for (const summary of isOne ? taken.toReversed() : taken.slice(0, 1)) {
      if (output.lines.isBroken) return;
      showRun(summary, await shelf.load(summary), filter, options.json ?? false, output);
    }
    for (const problem of shelf.problems) output.errors.write(formatProblem(problem));
  } else {
    const nested = nestRuns(meant).slice(0, take > 0 ? take : meant.length);
    for (const line of nested.length > 0 ? formatRunTable(nested, all, output.colours) : []) output.lines.write(line);
    for (const problem of shelf.problems) output.errors.write(formatProblem(problem));
  }
  if (all.length === 0) output.errors.write(noRunsIn(shelf));
  else if (taken.length < meant.length)
    output.errors.write(`${meant.length - taken.length} older runs are left out; --take 0 shows all.`);
}

function noRunsIn({ place, sources }: RunShelf): string {
  return sources.includes("runtrail")
    ? `There are no runs in ${place} yet. “runtrail start <expertKey> <query>” makes one.`
    : `There are no runs in ${place}.`;
}

function eventType(name: string): EventType {
  if (isEventType(name)) return name;
  throw new UserError(noSuchType(name));
}

function showRun({ status }: RunSummary, loaded: LoadedRun, filter: LogFilter, json: boolean, output: Output): void {
  const { events, problems } = loaded;
  const run = { ...loaded.run, status };
  const { lines, errors, colours } = output;
  const selected = isFiltering(filter) ? selectEvents(events, filter) : events;
  if (json) for (const event of selected) lines.write(JSON.stringify(event));
  else if (isFiltering(filter)) {
    lines.write(colours.bold(formatRunLog(run, [])[0]?.text ?? ""));
    for (const line of formatRunEvents(run, withBothEnds(events, selected))) lines.write(colourLine(line, colours));
    if (selected.length === 0) errors.write("No event of this run fits.");
  } else for (const line of formatRunLog(run, events)) lines.write(colourLine(line, colours));
  for (const problem of problems) errors.write(formatProblem(problem));
}

async function summarize(runs: readonly RunSummary[], shelf: RunShelf): Promise<LogSummary> {
  const summary: LogSummary = { source: sourceOf(runs, shelf), runs: [], problems: [] };
  const problems = new Map<string, RunProblem>();
  const tell = ({ file, line, column, reason }: RunProblem) => {
    const key = JSON.stringify([file, line, reason]);
    const place = { ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
    if (!problems.has(key)) problems.set(key, { file, ...place, reason });
  };
  for (const run of runs) {
    const loaded = await shelf.load(run);
    summary.runs.push(reportRun(loaded, run.status));
    loaded.problems.forEach(tell);
  }
  shelf.problems.forEach(tell);
  return { ...summary, problems: [...problems.values()] };
}

/** Several are named together. Of no runs: what their place would have held. */
function sourceOf(runs: readonly RunSummary[], { sources }: RunShelf): string {
  const present = new Set(runs.map(({ source = "runtrail" }) => source));
  return (runs.length === 0 ? sources : sources.filter((name) => present.has(name))).join("+");
}

function colourLine({ text, kind, grade, depth }: LogLine, colours: Colours): string {
  if (grade) return colourOfGrade(colours, grade)(text);
  if (kind === "step" || (kind === "run" && depth === 0 && !text.includes("  "))) return colours.bold(text);
  return kind === "detail" ? colours.dim(text) : text;
}
