/** What `runtrail inspect` does: finds the run that is meant with its delegates, and prints it as lines or as a page. */
import { createHash } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { exitCodes } from "../app/exitCodes";
import type { LoadedRun, RunSummary } from "../app/runIndex";
import { codeOf, UserError } from "../base/errors";
import { formatEventLine, sortByTime } from "../model/eventLine";
import type { RunEvent } from "../model/events";
import { oneLine } from "../model/plainText";
import type { CliContext } from "./cliCommand";
import type { CliIo } from "./cliIo";
import { type Colours, coloursFor } from "./colours";
import type { InspectOptions } from "./commands/inspect";
import { findRun } from "./findRuns";
import { createLineWriter, type LineWriter } from "./lineWriter";
import { formatProblem } from "./logSummary";
import { openWanted } from "./openWanted";
import type { RunShelf } from "./runShelf";

interface Meant {
  /** With their delegates behind them, oldest first. */
  runs: readonly RunSummary[];
  /** How many others there are. */
  others: number;
}

/** @param wanted a run's id or its beginning, or a path. Throws `UserError`. */
export async function showInspect(
  wanted: string | undefined,
  options: InspectOptions,
  { io }: CliContext,
): Promise<number> {
  if (options.output !== undefined && !options.html) throw new UserError("-o writes the page: it needs --html.");
  if (options.output !== undefined) await checkTarget(resolve(io.cwd, options.output), options);
  const lines = createLineWriter(io.stdout, () => undefined);
  const errors = createLineWriter(io.stderr, () => undefined);
  const leaving = io.onSignal(() => io.exit(exitCodes.cancelled));
  try {
    const { shelf, id, isPath } = await openWanted(wanted, options, io.cwd);
    const { runs, others } = runsMeant(shelf, id);
    const loaded: LoadedRun[] = [];
    for (const summary of runs) {
      const content = await shelf.load(summary);
      loaded.push({ ...content, run: { ...content.run, status: summary.status } });
    }
    const sources = runs.map(({ source = "runtrail" }) => source);
    if (options.html) await writePage(loaded, sources, shelf, options, { io, lines });
    else printLines(loaded, options, lines, coloursFor(io.stdout, io));
    for (const { problems } of loaded) for (const problem of problems) errors.write(formatProblem(problem));
    for (const problem of isPath ? shelf.problems : []) errors.write(formatProblem(problem));
    if (others > 0) {
      errors.write(
        `${others} other ${others === 1 ? "run is" : "runs are"} in ${shelf.place}; --run <id> takes one, “runtrail log” lists them.`,
      );
    }
    await lines.flush();
    await errors.flush();
    return exitCodes.finished;
  } finally {
    leaving.dispose();
  }
}

/** Throws `UserError` where there is none. */
function runsMeant({ runs, isOne, place }: RunShelf, id: string | undefined): Meant {
  if (runs.length === 0) throw new UserError(`There are no runs in ${place}.`);
  if (id === undefined && isOne) return { runs: runs.toReversed(), others: 0 };
  const keys = new Set(runs.map(keyOf));
  const roots = runs.filter((run) => !keys.has(parentKeyOf(run)));
  const root = id === undefined ? (roots[0] ?? runs[0]) : findRun(runs, id, place);
  const meant = root ? withDelegates(root, runs) : [];
  const others = id === undefined ? roots.filter((run) => !meant.includes(run)).length : 0;
  return { runs: meant, others };
}

/** Each once, though files may name each other as callers in a circle. */
function withDelegates(root: RunSummary, all: readonly RunSummary[]): RunSummary[] {
  const called = Map.groupBy(all.toReversed(), parentKeyOf);
  const found = new Set([root]);
  for (const run of found) for (const each of called.get(keyOf(run)) ?? []) found.add(each);
  return [...found];
}

/** A run is called from its own system. */
function keyOf({ source = "", runId }: RunSummary): string {
  return JSON.stringify([source, runId]);
}

function parentKeyOf({ source = "", parentRunId }: RunSummary): string {
  return parentRunId === undefined ? "" : JSON.stringify([source, parentRunId]);
}

function printLines(loaded: readonly LoadedRun[], options: InspectOptions, lines: LineWriter, colours: Colours): void {
  const events: RunEvent[] = sortByTime(loaded.flatMap((each) => [...each.events]));
  const expert = new Set(events.map(({ expertKey }) => expertKey)).size > 1;
  for (const event of events) {
    const line = formatEventLine(event, { time: options.time, level: options.level, expert });
    if (line !== undefined) lines.write(colourLine(line, colours));
    if (lines.isBroken) return;
  }
}

function colourLine(line: string, colours: Colours): string {
  if (/^(?:\S+ )?ERROR:/u.test(line)) return colours.red(line);
  if (/^(?:\S+ )?WARN:/u.test(line)) return colours.yellow(line);
  return /^(?:\S+ )?(?:DEBUG|TRACE):/u.test(line) ? colours.dim(line) : line;
}

async function writePage(
  loaded: readonly LoadedRun[],
  sources: readonly string[],
  shelf: RunShelf,
  options: InspectOptions,
  { io, lines }: { io: CliIo; lines: LineWriter },
): Promise<void> {
  const { formatRunPage } = await import("../model/runPage");
  const runs = loaded.map((each, index) => ({ ...each, source: sources[index] ?? "runtrail" }));
  const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");
  const page = formatRunPage(runs, { place: shelf.place, problems: shelf.problems, sha256 });
  if (options.output === undefined) {
    lines.write(page);
    return;
  }
  const file = resolve(io.cwd, options.output);
  try {
    await writeFile(file, `${page}\n`, { flag: options.force ? "w" : "wx" });
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw alreadyThere(file);
    throw new UserError(`The page could not be written to ${file}: ${oneLine(String(error), 300)}`);
  }
  lines.write(file);
}

/** Before anything is read. Throws `UserError`. */
async function checkTarget(file: string, { force }: InspectOptions): Promise<void> {
  const parent = await stat(dirname(file)).catch(() => undefined);
  if (!parent?.isDirectory()) throw new UserError(`There is no folder ${dirname(file)}.`);
  const there = await stat(file).catch(() => undefined);
  if (there?.isDirectory()) throw new UserError(`${file} is a folder. Name a file for the page.`);
  if (there && !force) throw alreadyThere(file);
}

function alreadyThere(file: string): UserError {
  return new UserError(`There is already a file ${file}. --force replaces it.`);
}
