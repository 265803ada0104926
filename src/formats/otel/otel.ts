/** OpenTelemetry's format: files of OTLP JSON with the spans of agents, models and tools. */

import { dirname, extname } from "node:path";
import type { ForeignRun, ForeignRuns, Format, FormatProblem } from "../format";
import { isFolder } from "../isFolder";
import { oldestFirst } from "../oldestFirst";
import { readHead } from "../readHead";
import { openSourceFiles } from "../sourceFiles";
import { type FolderTree, walkFiles } from "../walkFiles";
import { openOtelSink, writeOtel } from "./openOtelSink";
import { readOtlp } from "./readOtlp";
import { findRuns } from "./traceRuns";
import { translateRuns } from "./translateRuns";

export const otel: Format = {
  name: "otel",
  label: "OpenTelemetry",
  async accepts(path) {
    if (!(await isFolder(path))) return await isOtlp(path);
    for await (const _ of filesIn(path)) return true;
    return false;
  },
  async find(folder, signal, tree) {
    signal?.throwIfAborted();
    const found: string[] = [];
    for await (const file of filesBelow(folder, signal, tree)) found.push(file);
    return found.sort();
  },
  async read(path, signal) {
    signal?.throwIfAborted();
    if (!(await isFolder(path))) return await readFile(path, signal);
    const runs: ForeignRun[] = [];
    const problems: FormatProblem[] = [];
    const files: string[] = [path];
    for await (const file of filesBelow(path, signal)) {
      const one = await readFile(file, signal);
      runs.push(...one.runs);
      problems.push(...one.problems);
      files.push(...one.files);
    }
    return { source: path, runs: oldestFirst(runs), problems, files };
  },
  write: writeOtel,
  openSink: openOtelSink,
};

async function readFile(file: string, signal: AbortSignal | undefined): Promise<ForeignRuns> {
  const source = openSourceFiles(file, signal);
  const spans = await readOtlp(source, file);
  const nearest = (await source.look(file))?.modifiedAt ?? 0;
  const told = translateRuns(findRuns(spans), nearest);
  const runs = told.map((run) => ({ ...run, dir: told.length === 1 ? file : `${file}#${run.runId}` }));
  if (spans.length > 0 && runs.length === 0) {
    source.problems.push({ file, reason: "No span in it is about an agent or a model (gen_ai.…)." });
  }
  return { source: file, runs: oldestFirst(runs), problems: source.problems, files: source.files };
}

const extensions: ReadonlySet<string> = new Set([".json", ".jsonl", ".ndjson", ".log", ".otlp"]);

async function* filesBelow(folder: string, signal?: AbortSignal, tree?: FolderTree): AsyncIterable<string> {
  for await (const file of walkFiles(folder, signal, undefined, tree)) {
    if (extensions.has(extname(file)) && (await isOtlp(file))) yield file;
  }
}

/** Of the folder itself, not of those in it. */
async function* filesIn(folder: string): AsyncIterable<string> {
  for await (const file of walkFiles(folder, undefined, () => false)) {
    if (dirname(file) === folder && extensions.has(extname(file)) && (await isOtlp(file))) yield file;
  }
}

/** A line of an object with `resourceSpans`; only plain values may stand before it. */
const beginning = /^\ufeff?\s*\{[^{[]*"(?:resourceSpans|resource_spans)"\s*:\s*\[/mu;

async function isOtlp(file: string): Promise<boolean> {
  return beginning.test((await readHead(file)) ?? "");
}
