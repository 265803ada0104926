/** Reads OTLP from a file: one object in it, or one a line; logs and metrics beside the spans are not looked at. */
import { messageOf } from "../../base/errors";
import { isRecord } from "../../model/toolText";
import type { FormatProblem } from "../format";
import { parseSafeJson } from "../safeJson";
import type { SourceFiles } from "../sourceFiles";
import { readSpans, type Span } from "./otlpSpan";
import { fieldOf } from "./otlpValue";
import { repairSpans } from "./repairSpans";

/** The beginning of an object that goes on in further lines. */
const openBeginning = /^\s*\{\s*(?:"\w+"\s*:\s*(?:\[[\s{[]*)?)?$/u;

/** In the order in which they stand there; problems are those of `source`. */
export async function readOtlp(source: SourceFiles, file: string): Promise<Span[]> {
  const spans: Span[] = [];
  let isFirst = true;
  for await (const { text, number, isTorn } of source.lines(file)) {
    if (text.trim() === "") continue;
    if (isFirst && !isTorn && openBeginning.test(text)) return await readWhole(source, file);
    isFirst = false;
    take(parse(text, isTorn), { file, line: number }, source, spans);
  }
  return spans;
}

async function readWhole(source: SourceFiles, file: string): Promise<Span[]> {
  const spans: Span[] = [];
  const text = await source.text(file);
  if (text !== undefined) take(parse(text, true), { file }, source, spans);
  return spans;
}

interface Parsed {
  value?: unknown;
  problem?: Omit<FormatProblem, "file">;
}

/** @param isCut whether it may not have been written to its end: what of it is whole counts */
function parse(text: string, isCut: boolean): Parsed {
  try {
    return { value: parseSafeJson(text) };
  } catch (error) {
    if (error instanceof RangeError) return { problem: { reason: error.message } };
    const found = /at position (?<at>\d+)/u.exec(messageOf(error))?.groups?.at;
    const position = /end of JSON|Unterminated/u.test(messageOf(error)) ? text.length : found && Number(found);
    const value = isCut ? repairSpans(text) : undefined;
    const isTorn = isCut && typeof position === "number" && position >= text.trimEnd().length;
    const problem = isTorn
      ? { reason: `The last record is torn (${Buffer.byteLength(text)} bytes).` }
      : { ...(typeof position === "number" && placeAt(text, position)), reason: "Not JSON." };
    return { ...(value !== undefined && { value }), problem };
  }
}

function placeAt(text: string, position: number): { line?: number; column: number } {
  const before = text.slice(0, position).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return { ...(before.length > 1 && { line: before.length }), column };
}

function take(
  { value, problem }: Parsed,
  place: { file: string; line?: number },
  { problems }: SourceFiles,
  spans: Span[],
): void {
  const tell = (told: Omit<FormatProblem, "file">) => problems.push({ ...place, ...told });
  if (problem) tell(problem);
  if (isRecord(value)) {
    const isKnown = ["resourceSpans", "resourceLogs", "resourceMetrics", "resourceProfiles"].some(
      (name) => fieldOf(value, name) !== undefined,
    );
    if (!isKnown && !problem) tell({ reason: "Not a record of OTLP." });
    spans.push(...readSpans(value, (reason) => tell({ reason })));
  } else if (!problem) tell({ reason: "Not a JSON object." });
}
