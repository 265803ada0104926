/** The cases of the formats: a folder each with an input, and what it must be read as. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { type RunReport, reportRun } from "../../src/cli/logSummary";
import type { ForeignRun, ForeignRuns, FormatName } from "../../src/formats/format";
import { formats } from "../../src/formats/index";
import { runOf } from "../../src/model/run";
import { fixturesFolder, projectRoot } from "./projectPaths";

const casesFolder = join(projectRoot, "test", "fixtures", "formats");

export interface FormatCase {
  format: FormatName;
  name: string;
  /** Holds `run.json` and `problems.json`. */
  folder: string;
  /** Absolute path of what is read. */
  input: string;
  /** Whether the input is of the samples beside the project, which may not be there. */
  isShared: boolean;
}

export interface ExpectedProblem {
  /** Relative to the input, or its name where the input is a file; with forward slashes. */
  file: string;
  line?: number;
  reason: string;
}

/** What a projection is compared by. */
const contract = [
  ...["id", "parentRunId", "title", "status", "stopReason", "steps", "toolCalls"],
  ...["failures", "usage", "startedAt", "finishedAt"],
] as const;

export function listCases(): FormatCase[] {
  return formats.flatMap(({ name: format }) =>
    foldersIn(join(casesFolder, format)).map((name) => {
      const folder = join(casesFolder, format, name);
      return { format, name, folder, ...inputOf(folder) };
    }),
  );
}

/** `input` with any extension, or what `input.txt` names below the samples. */
function inputOf(folder: string): Pick<FormatCase, "input" | "isShared"> {
  const own = readdirSync(folder).find((name) => /^input(?:\..+)?$/u.test(name) && name !== "input.txt");
  if (own !== undefined) return { input: join(folder, own), isShared: false };
  return { input: join(fixturesFolder, readFileSync(join(folder, "input.txt"), "utf8").trim()), isShared: true };
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

export function readExpected<T>(folder: string, file: "run.json" | "problems.json"): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}

/** A time may be that of a file's last change, which no case can name: "changed:" and the path below the input. */
export function datedByFiles(input: string, report: RunReport): RunReport {
  const { finishedAt }: { finishedAt?: unknown } = report;
  const file = typeof finishedAt === "string" ? finishedAt.slice("changed:".length) : undefined;
  return file === undefined ? report : { ...report, finishedAt: Math.floor(statSync(join(input, file)).mtimeMs) };
}

/** As `runtrail log <path> --summary --json` tells it; nobody knows of a run without an end whether it still goes on. */
export function projectRun({ events }: Pick<ForeignRun, "events">): Partial<RunReport> {
  const run = runOf(events);
  if (!run) throw new Error("A run without events.");
  const report = reportRun({ run }, run.status === "running" ? "unknown" : run.status);
  return byContract(report);
}

export function projectRuns({ runs }: Pick<ForeignRuns, "runs">): Partial<RunReport>[] {
  return inOrder(runs.map(projectRun));
}

export function inOrder<T extends Partial<RunReport>>(reports: readonly T[]): T[] {
  return [...reports].sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0) || compare(String(a.id), String(b.id)));
}

/** Other keys than the contract's, and undefined ones, do not count. */
export function byContract(report: Partial<RunReport>): Partial<RunReport> {
  const kept = Object.fromEntries(contract.map((key) => [key, report[key]]));
  const { inputTokens, outputTokens, totalTokens } = report.usage ?? {};
  const usage = report.usage && { inputTokens, outputTokens, totalTokens };
  return JSON.parse(JSON.stringify({ ...kept, usage }));
}

export function projectProblems(input: string, { runs, problems }: ForeignRuns): ExpectedProblem[] {
  const all = [...problems, ...runs.flatMap((run) => run.problems)];
  return all
    .map(({ file, line, reason }) => ({
      file: relative(input, file).split(sep).join("/") || basename(input),
      ...(line !== undefined && { line }),
      reason,
    }))
    .sort((a, b) => compare(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0) || compare(a.reason, b.reason));
}

export function covers(path: string, unit: string): boolean {
  return unit === path || unit.startsWith(path + sep) || path.startsWith(unit + sep);
}

/**
 * The places among the samples that a format reads on its own, and the files there that it accepts; what belongs to a place
 * of a format that is asked before, such as the output that was captured in a run's folder, is not read on its own.
 */
export async function unitsOfSamples(folder: string): Promise<{ format: FormatName; unit: string }[]> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
  const folders = new Set([folder, ...files.map(dirname)].flatMap((each) => upTo(folder, each)));
  const found = new Map<string, { format: FormatName; unit: string }>();
  for (const format of formats) {
    const add = (unit: string) => found.set(`${format.name} ${unit}`, { format: format.name, unit });
    for (const each of folders) for (const unit of await format.find(each)) add(unit);
    for (const file of files) {
      const isInside = [...found.values()].some(({ unit }) => covers(unit, file));
      if (!isInside && (await format.accepts(file))) add(file);
    }
  }
  return [...found.values()];
}

/** A folder and those above it, as far as the root. */
function upTo(root: string, folder: string): string[] {
  return folder === root ? [root] : [folder, ...upTo(root, dirname(folder))];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
